"""What a run's metrics hide: parts of the cases on their own, and how steady the answers are. Pure."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.stats.rates import rate
from app.core.stats.results import Estimate
from app.evals.rules import Measured

SHOWN = 100
Label = tuple[str, str]  # by what the cases are cut (tag, behavior), and the part's name


@dataclass(frozen=True, slots=True)
class Part:
    """Share of the part's cases that passed the main measure of their set."""

    by: str
    name: str
    passed: Estimate


@dataclass(frozen=True, slots=True)
class Stability:
    """Share of cases whose repeats all agree, passed or not. ``unstable``: (case, share of its repeats that passed)."""

    agree: Estimate
    unstable: Sequence[tuple[str, float]]


def parts(measured: Measured, labels: Mapping[str, Sequence[Label]], least: int) -> list[Part]:
    """The lowest rate first. What every case has is no part of them, nor what fewer than ``least`` have.

    With repeats a case counts by the share of them that passed. Intervals: Wilson's, widened by group.
    """
    members: dict[Label, list[str]] = {}
    for case in measured.success:
        for label in dict.fromkeys(labels.get(case, ())):
            members.setdefault(label, []).append(case)
    found = [
        Part(*label, rate([measured.success[case] for case in cases], [measured.groups[case] for case in cases]))
        for label, cases in members.items()
        if least <= len(cases) < len(measured.success)
    ]
    return sorted(found, key=lambda part: (part.passed.value or 0.0, part.by, part.name))


def stability(success: Mapping[str, float], groups: Mapping[str, Hashable], repeats: int) -> Stability | None:
    """``success``: by case the share of its repeats that passed. None for a run that asked once. A repeat that was
    truncated, failed or is missing did not pass."""
    if repeats < 2 or not success:
        return None
    torn = {case: share for case, share in success.items() if 0 < share < 1}
    values = [float(case not in torn) for case in success]
    of = [groups[case] for case in success]
    return Stability(rate(values, of), sorted(torn.items(), key=lambda one: (abs(one[1] - 0.5), one[0])))


def as_json(found: Sequence[Part], steady: Stability | None, repeats: int) -> dict[str, Any]:
    """As it is stored with the run and answered."""
    rows = [{"by": part.by, "name": part.name} | _figures(part.passed) for part in found]
    told = None
    if steady is not None:
        unstable = [{"case_id": case, "passed": share} for case, share in steady.unstable[:SHOWN]]
        told = _figures(steady.agree) | {"repeats": repeats, "unstable": unstable, "count": len(steady.unstable)}
    return {"parts": rows, "stability": told}


def _figures(estimate: Estimate) -> dict[str, Any]:
    interval = None if estimate.low is None else [estimate.low, estimate.high]
    return {"value": estimate.value, "n": estimate.n, "interval": interval}
