"""Verifiable instructions: a check for each of the 25 kinds of IFEval, in the strict and the loose form.

Written from the definitions of the paper (arXiv:2311.07911), not from its scripts; see docs/decisions/instructions.md.
"""

from app.evals.graders.instructions.grader import Instructions

__all__ = ["Instructions"]
