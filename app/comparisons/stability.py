"""How steady the answers of both sides are, where cases were asked more than once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.comparisons.material import CaseRow
from app.comparisons.service import Compared
from app.evals.breakdown import stability
from app.evals.rules import Measured
from app.web.words import percent

SHOWN = 20


@dataclass(frozen=True)
class StabilityLine:
    """``unstable``: (what a case is called, its address); ``more`` of them are not listed."""

    name: str
    note: str
    value: str
    interval: str
    n: int
    unstable: Sequence[tuple[str, str]]
    more: int


def stability_lines(found: Compared, slug: str, names: tuple[str, str]) -> list[StabilityLine]:
    """Baseline and candidate; a side that was asked once on every set has no line. Of several sets together: a set that
    was asked once is left out."""
    sides = (
        (names[0], found.material.baseline, {pair.test_set.id: pair.baseline.repeats for pair in found.pairs}),
        (names[1], found.material.candidate, {pair.test_set.id: pair.candidate.repeats for pair in found.pairs}),
    )
    lines = (_line(name, side, repeats, found.material.cases, slug) for name, side, repeats in sides)
    return [line for line in lines if line is not None]


def _line(
    name: str, side: Measured, repeats: Mapping[str, int], cases: Mapping[str, CaseRow], slug: str
) -> StabilityLine | None:
    asked = {set_id: times for set_id, times in repeats.items() if times > 1}
    success = {case: share for case, share in side.success.items() if cases[case].test_set_id in asked}
    steady = stability(success, side.groups, max(asked.values(), default=1))
    if steady is None:
        return None
    low, high = steady.agree.low, steady.agree.high
    listed = [(f"case {cases[case].position}", f"/p/{slug}/compare/cases/{case}") for case, _ in steady.unstable]
    return StabilityLine(
        name,
        f"asked {' or '.join(sorted({str(times) for times in asked.values()}))} times",
        percent(steady.agree.value),
        "no interval" if low is None else f"{percent(low)} to {percent(high)}",
        steady.agree.n,
        listed[:SHOWN],
        max(0, len(listed) - SHOWN),
    )
