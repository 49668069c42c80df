"""Likeness in meaning, by a small model that runs here: similar examples, duplicates, leaks that only warn."""
