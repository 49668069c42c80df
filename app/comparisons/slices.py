"""Parts of the cases (a tag, a language) looked at on their own. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.stats.multiplicity import holm
from app.core.stats.paired import paired_difference
from app.core.stats.rates import rate
from app.core.stats.results import Estimate, PairedDifference
from app.core.stats.words import Verdict, verdict
from app.evals.rules import Measured


@dataclass(frozen=True, slots=True)
class Slice:
    """Pass rates of both on the cases with one tag. ``p_value`` is adjusted over all slices (Holm)."""

    name: str
    n: int
    baseline: Estimate
    candidate: Estimate
    difference: PairedDifference
    p_value: float | None
    verdict: Verdict


def slices(baseline: Measured, candidate: Measured, tags: Mapping[str, Sequence[str]], least: int = 5) -> list[Slice]:
    """Success by tag over the cases that both have, worst difference first; tags with fewer than ``least`` cases are
    left out. With repeats a case counts as passed when more than half of them passed."""
    members: dict[str, list[str]] = {}
    for case in sorted(baseline.success.keys() & candidate.success.keys()):
        for tag in dict.fromkeys(tags.get(case, ())):
            members.setdefault(tag, []).append(case)
    kept = {tag: cases for tag, cases in members.items() if len(cases) >= least}
    found = {tag: _sides(baseline, candidate, cases) for tag, cases in kept.items()}
    adjusted = dict(zip(found, holm([sides[2].p_value for sides in found.values()]), strict=True))
    rows = [
        Slice(tag, len(kept[tag]), *sides, adjusted[tag], verdict(sides[2], adjusted[tag], True))
        for tag, sides in found.items()
    ]
    return sorted(rows, key=lambda row: (row.difference.difference or 0.0, row.name))


def _sides(
    baseline: Measured, candidate: Measured, cases: Sequence[str]
) -> tuple[Estimate, Estimate, PairedDifference]:
    groups = [candidate.groups[case] for case in cases]
    before, after = ([float(run.success[case] > 0.5) for case in cases] for run in (baseline, candidate))
    return rate(before, groups), rate(after, groups), paired_difference(before, after, groups)
