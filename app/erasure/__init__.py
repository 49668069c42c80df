"""Erasing a person's data everywhere it stands: what is sealed or frozen keeps a tombstone, and scores stay."""
