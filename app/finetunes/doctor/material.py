"""What the rules of the doctor look at: plain values, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Trained:
    """A row that was trained on: its request without instructions, and its answer."""

    example_id: str
    number: int
    request: str
    answer: str
    behavior: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A held-out case as both answered it. ``given``: everything that stood in front of the model (instructions,
    conversation, retrieved passages); ``expected``: the right answer's text, "" where there is none. A side without a
    whole output has None. ``observed``: what each did (answer, refuse, clarify, escalate), None where unknown."""

    case_id: str
    output_id: str
    group: str
    request: str
    given: str
    expected: str
    tuned: str | None
    base: str | None
    behavior: str | None = None
    observed: str | None = None
    observed_base: str | None = None


@dataclass(frozen=True, slots=True)
class LossPoint:
    step: int
    train: float | None
    valid: float | None


@dataclass(frozen=True, slots=True)
class Passage:
    """What a dated document says. ``current``: in the newest version of its document."""

    id: str
    document: str
    dated: str
    heading: str
    text: str
    current: bool


Kind = Literal["name", "code", "address"]


def both(cases: Sequence[Answered]) -> list[Answered]:
    """Those that both sides answered whole."""
    return [case for case in cases if case.tuned is not None and case.base is not None]
