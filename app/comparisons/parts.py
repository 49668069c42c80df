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
