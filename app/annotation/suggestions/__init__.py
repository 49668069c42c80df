"""Suggestions: what a connected model would mark. Shown as such in review, counted as nobody's mark."""
