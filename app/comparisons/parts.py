"""Parts of the cases: what they are cut by, and both sides' success in each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.comparisons.slices import Slice, slices
from app.evals.rules import Measured

By = Literal["tag", "behavior", "length", "source", "language"]
Label = tuple[By, str]


@dataclass(frozen=True)
class PartOfCases:
    """A slice, and what it is cut by."""

    by: By
    slice: Slice


def parts(
    baseline: Measured, candidate: Measured, labels: Mapping[str, Sequence[Label]], least: int = 5
) -> list[PartOfCases]:
    """By case its labels. All slices are corrected together; what every case has is no part of them, nor what fewer
    than ``least`` have."""
    everywhere = set.intersection(*map(set, labels.values())) if labels else set()
    known = {f"{by}:{name}": (by, name) for of_case in labels.values() for by, name in of_case}
    kept = {
        case: [f"{by}:{name}" for by, name in of_case if (by, name) not in everywhere]
        for case, of_case in labels.items()
    }
    rows = slices(baseline, candidate, kept, least)
    return [PartOfCases(known[row.name][0], replace(row, name=known[row.name][1])) for row in rows]


def length_labels(lengths: Mapping[str, int]) -> dict[str, str]:
    """Requests in three equal parts by their length in characters: a label that says the bounds; none for fewer than 15
    cases, or where the parts would not differ."""
    ordered = sorted(lengths.values())
    if len(ordered) < 15:
        return {}
    low, high = ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
    if low == high:
        return {}
    return {case: _length_label(length, low, high) for case, length in lengths.items()}


def _length_label(length: int, low: int, high: int) -> str:
    if length < low:
        return f"under {low:,} characters"
    return f"{low:,} to {high - 1:,} characters" if length < high else f"{high:,} characters or more"
