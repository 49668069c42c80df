"""Sensitive data by form and check digit: fast, always on. Names need a model: see ``names``."""
