"""Verifiable instructions: the 25 kinds of IFEval with their arguments, checked. Pure.

The definitions are those of Zhou et al. (2023), *Instruction-Following Evaluation for Large Language Models*
(arXiv:2311.07911), table 2. Whether an output follows one is decided by the grader ``instructions``.
"""

from app.core.instructions.kinds import KINDS
from app.core.instructions.parsing import FIELDS, Instruction, WrongInstruction, parse
from app.core.instructions.words import in_words, readable

__all__ = ["FIELDS", "KINDS", "Instruction", "WrongInstruction", "in_words", "parse", "readable"]
