"""What a check answers."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.core.patterns import compiled


@dataclass(frozen=True, slots=True)
class Verdict:
    """``found`` says what stands in the output, in a few words, whether or not it is what was asked for."""

    followed: bool
    found: str


def related(count: int, relation: str, bound: int, unit: str) -> Verdict:
    """ "at least" includes the bound, "less than" does not."""
    return Verdict(count >= bound if relation == "at least" else count < bound, counted(count, unit))


def counted(count: int, unit: str) -> str:
    """ "1 word", "2 words"."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


class Pattern:
    """A pattern of ours, for RE2: outputs are anybody's, and it takes time in proportion to them. Compiled when it is
    first used, so that a process which only shows results does not load RE2."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(_compiled(self.text), name)


@lru_cache
def _compiled(text: str) -> Any:
    return compiled(text, False)
