"""What the doctor says of one failure mode, and of all four together. Pure.

A state is judged on the whole interval, as gates are: ``found`` where the whole interval lies beyond the bound,
``not_found`` where it lies within, ``cannot_tell`` otherwise, and then with what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.stats.words import and_list

State = Literal["found", "not_found", "cannot_tell"]
Mode = Literal["memorised", "general_instructions", "overconfident", "outdated_facts"]
Unit = Literal["share", "points"]
MODES: tuple[Mode, ...] = ("memorised", "general_instructions", "overconfident", "outdated_facts")
LABELS: dict[Mode, str] = {
    "memorised": "Memorised",
    "general_instructions": "Worse at general instructions",
    "overconfident": "Overconfident",
    "outdated_facts": "Outdated facts",
}
FOUND: dict[Mode, str] = {
    "memorised": "it repeats what it was trained on",
    "general_instructions": "it follows general instructions less well than before",
    "overconfident": "it answers where it should ask, hand over or refuse",
    "outdated_facts": "it states facts that no longer hold",
}
SHOWN = 12  # rows of evidence that are kept for a mode


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with its 95 % interval (None: none can be given) over ``n`` cases. ``bound``: where a failure begins,
    and ``why`` it begins there; None for a figure that only stands beside."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: Unit = "share"
    bound: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One case behind a finding, by ids and places alone, so that no text is kept twice. ``spans``: characters of the
    output; ``examples``: the nearest training examples; ``words``: why it is evidence."""

    case_id: str
    output_id: str
    words: str
    spans: Sequence[tuple[int, int]] = ()
    examples: Sequence[str] = ()
    passage_id: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """``sentence`` names the figures, ``missing`` what could not be known and what would make it known."""

    mode: Mode
    state: State
    sentence: str
    missing: str = ""
    measures: Sequence[Measure] = ()
    rows: Sequence[Row] = ()
    beside: Sequence[str] = ()  # facts that stand beside the figures, in sentences
    training: Sequence[str] = ()  # training examples that the fix is about


def by_interval(low: float | None, high: float | None, bound: float) -> State:
    """Where an interval lies: beyond the bound, within it, or on both sides."""
    if low is None or high is None:
        return "cannot_tell"
    return "found" if low > bound else "not_found" if high < bound else "cannot_tell"


def headline(findings: Sequence[Finding]) -> str:
    """What went wrong; else that nothing was found, and of what it cannot be told."""
    found = [one.mode for one in findings if one.state == "found"]
    open_ = [one for one in findings if one.state == "cannot_tell"]
    if found:
        said = and_list([FOUND[mode] for mode in found])
        names = and_list([LABELS[mode].lower() for mode in found])
        return f"{names[0].upper()}{names[1:]}: {said}."
    if not open_:
        return "Nothing of the four was found."
    unknown = "; ".join(f"{LABELS[one.mode].lower()}: {one.missing.rstrip('.')}" for one in open_)
    if len(open_) == len(findings):
        return f"Cannot tell yet. {unknown[0].upper()}{unknown[1:]}."
    return f"Nothing of the four was found. Cannot tell about {unknown}."
