"""The doctor: did a tune go wrong in one of four ways, by what evidence, and what would mend it?"""
