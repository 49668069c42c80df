"""Whether later weeks differ from a reference window in length, refusals or format. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

from app.core.stats.clusters import critical_value
from app.core.stats.rates import wilson
from app.core.stats.results import Estimate

REFERENCE_WEEKS = 4


@dataclass(frozen=True)
class Week:
    """Sums over the completions of one week, which begins on ``start``."""

    start: date
    n: int
    characters: float
    squares: float  # of characters
    refused: int
    read: int  # answers whose behaviour could be read
    formatted: int
    with_format: int  # answers that have a format to keep


@dataclass(frozen=True)
class Point:
    start: date
    estimate: Estimate
    drifted: bool


@dataclass(frozen=True)
class Series:
    """``reference``: the estimate over the window; ``points``: each week, those of the window too."""

    key: str
    label: str
    unit: str  # 'characters' | 'share'
    reference: Estimate
    points: Sequence[Point]

    @property
    def drifted(self) -> list[Point]:
        return [point for point in self.points if point.drifted]


def split(weeks: Sequence[Week], until: date | None) -> tuple[list[Week], list[Week]]:
    """(reference, later): weeks that began by ``until``, or the first four; fewer where there are not twice as many,
    so that something is left to hold against them."""
    if until is not None:
        return [w for w in weeks if w.start <= until], [w for w in weeks if w.start > until]
    first = min(REFERENCE_WEEKS, (len(weeks) + 1) // 2)
    return list(weeks[:first]), list(weeks[first:])


def series(weeks: Sequence[Week], until: date | None = None) -> list[Series]:
    """A later week has drifted where its 95 % interval and that of the reference do not touch: a stricter rule than a
    test at 5 %, because many weeks are looked at."""
    reference, later = split(weeks, until)
    found = []
    for key, label, unit in (
        ("length", "Length of answers", "characters"),
        ("refusals", "Refusals", "share"),
        ("format", "Answers in the right format", "share"),
    ):
        base = _estimate(key, reference)
        fresh = {week.start for week in later}
        points = [
            Point(week.start, now, week.start in fresh and _apart(base, now))
            for week in weeks
            if (now := _estimate(key, [week])).n
        ]
        if points:
            found.append(Series(key, label, unit, base, points))
    return found


def _estimate(key: str, weeks: Sequence[Week]) -> Estimate:
    if key == "refusals":
        return wilson(sum(w.refused for w in weeks), sum(w.read for w in weeks))
    if key == "format":
        return wilson(sum(w.formatted for w in weeks), sum(w.with_format for w in weeks))
    return _mean(sum(w.n for w in weeks), sum(w.characters for w in weeks), sum(w.squares for w in weeks))


def _mean(n: int, total: float, squares: float) -> Estimate:
    """x̄ ± t s/√n from sums: s² = (Σx² − n x̄²) / (n − 1)."""
    if n == 0:
        return Estimate(None, None, None, 0)
    centre = total / n
    if n == 1:
        return Estimate(centre, None, None, 1)
    spread = sqrt(max(0.0, squares - n * centre * centre) / (n - 1))
    half = critical_value(0.95, n - 1) * spread / sqrt(n)
    return Estimate(centre, centre - half, centre + half, n)


def _apart(one: Estimate, other: Estimate) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return other.low > one.high or other.high < one.low
