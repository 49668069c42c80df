"""What a connected model does for the people who annotate: it writes variations, and it suggests marks.

Both are *model batches*: one paid call per example, through the ledger, with an estimate before and a budget. What a
model wrote is stored before it is used, is never taken for a person's work, and never decides anything.
"""
