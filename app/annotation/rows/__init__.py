"""Verdicts on rows of the list of examples: the same verdicts as in review, without the queue."""
