"""Knowledge: collections of dated documents, searched for what a candidate may answer from.

``reading`` turns uploads into passages, ``search`` finds them, ``pinning`` fixes what a candidate searches.
"""
