"""Revocable links to a verdict, for people without an account."""
