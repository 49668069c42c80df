"""How many examples a goal starts with, and where a project stands in that band. Pure.

The bands are the field's rules of thumb for a *start* (tone 50–200, classification and structured replies 200–1,000,
complex domains 1,000 and more with expert review): too few teach nothing steady, and past the upper end cleaning what
is there usually buys more than adding. They warn and never block: quality counts before volume.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.projects.rules import GOAL_WORDS, SIZE_BANDS

# A class with fewer examples is rarely learned: with 5 % label noise one of 20 is wrong already
LEAST_OF_A_LABEL = 20
# Where the domain is complex, a row that no expert has read is not counted as experts' work
LEAST_REVIEWED_SHARE = 0.9


@dataclass(frozen=True)
class LabelCount:
    label: str
    examples: int
    enough: bool


@dataclass(frozen=True)
class Size:
    """``high`` is None where the band has no upper end; ``reviewed`` None where no expert review is asked for."""

    state: str  # below | inside | above
    approved: int
    low: int
    high: int | None
    sentence: str
    labels: Sequence[LabelCount] = ()
    reviewed: int | None = None

    @property
    def short_labels(self) -> Sequence[LabelCount]:
        return [one for one in self.labels if not one.enough]


def band(goal: str) -> str:
    low, high = SIZE_BANDS[goal]
    return f"{low:,}–{high:,}" if high else f"{low:,} or more"


def size(
    goal: str, approved: int, labels: Sequence[str], by_label: Mapping[str, int], reviewed: int | None = None
) -> Size:
    """Where ``approved`` stands; for classification each label is counted too, those without an example included."""
    low, high = SIZE_BANDS[goal]
    state = "below" if approved < low else "above" if high is not None and approved > high else "inside"
    counts: list[LabelCount] = []
    if goal == "classification":
        known = {label: by_label.get(label, 0) for label in labels} | dict(by_label)
        rising = sorted(known.items(), key=lambda one: (one[1], one[0]))
        counts = [LabelCount(label, number, number >= LEAST_OF_A_LABEL) for label, number in rising]
    return Size(state, approved, low, high, _sentence(goal, state, approved, low), counts, reviewed)


def _sentence(goal: str, state: str, approved: int, low: int) -> str:
    goal_words = GOAL_WORDS[goal]
    if state == "below":
        return f"{low - approved:,} more to reach the {band(goal)} that suit {goal_words} to start with."
    if state == "above":
        return f"More than the {band(goal)} that suit {goal_words} to start with: clean before you add."
    return f"Inside the {band(goal)} that suit {goal_words} to start with."
