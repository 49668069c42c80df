"""Experts without an account: a link that reaches one round's voting page, and nothing else."""
