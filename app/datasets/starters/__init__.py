"""Starter cases for red-team and edge sets: templates that an expert picks, adapts and adds to a draft."""
