"""Candidate against baseline on the same cases. Pure: what to compare, what may be claimed, and how it is said."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from types import MappingProxyType
from typing import Any, Literal

from app.core.stats import bootstrap
from app.core.stats.multiplicity import holm
from app.core.stats.paired import paired_difference
from app.core.stats.quantiles import quantile_estimate
from app.core.stats.rates import ratio
from app.core.stats.results import Estimate, PairedDifference
from app.core.stats.seeds import generator
from app.core.stats.words import Subject, Unit, Verdict, and_list, difference_sentence, verdict
from app.evals.catalogue import METRICS
from app.evals.rules import QUANTILES, Measured, cost_estimates, rate_estimate

Outcome = Literal["regression", "win", "both_wrong", "both_right"]
# In a headline the second says nothing new once the first has been said.
SAME_THING = {
    "latency_p95_ms": "latency_p50_ms",
    "time_to_first_token_p95_ms": "time_to_first_token_p50_ms",
    "cost_per_success": "cost_per_case",
    "cost_per_success_loaded": "cost_per_success",
}
Sides = tuple[Estimate, Estimate, PairedDifference]


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of a comparison. ``difference`` is candidate − baseline with its 95 % interval; ``p_value`` is
    adjusted over the page (Holm), ``p_value_raw`` is not; ``n`` counts the cases that both have."""

    key: str
    label: str
    unit: Unit
    baseline: Estimate
    candidate: Estimate
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_value_raw: float | None
    n: int
    higher_is_better: bool
    minimum_detectable_difference: float | None
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``only_baseline``, ``only_candidate``: cases that the other lacks and that are left out. ``outcomes``: per
    common case; ``disputed``: cases where graders of one metric disagree in either run."""

    rows: Sequence[Row]
    headline: str
    outcomes: Mapping[str, Outcome]
    disputed: frozenset[str]
    only_baseline: int
    only_candidate: int


def compare(
    baseline: Measured,
    candidate: Measured,
    baseline_name: str = "Baseline",
    candidate_name: str = "Candidate",
    seed: str = "",
    more: Mapping[str, Sides] = MappingProxyType({}),
) -> Comparison:
    """All metrics that both have, over the cases that both have, groups kept together; ``more``: what is measured
    elsewhere (votes, the cost of making), told and corrected with the others.

    Rates of passes: Tango's interval and McNemar's exact test; shares of repeats, latency and cost: paired bootstrap
    and label swaps, drawn from ``seed`` and the metric's key so that the page repeats itself. A row is ``better`` or
    ``worse`` only where its interval excludes 0 and its Holm-adjusted p is at most 0.05.
    """
    names = (baseline_name, candidate_name)
    return conclude(differences(baseline, candidate, seed) | dict(more), baseline, candidate, names)


def differences(baseline: Measured, candidate: Measured, seed: str) -> dict[str, Sides]:
    """Both estimates and their difference by metric, over the cases that both have: the part that takes time."""
    found: dict[str, Sides] = {}
    for key in METRICS:
        sides = _difference(key, baseline, candidate, seed)
        if sides is not None and sides[2].n:
            found[key] = sides
    return found


def conclude(given: Mapping[str, Sides], baseline: Measured, candidate: Measured, names: tuple[str, str]) -> Comparison:
    """What may be claimed of all differences of a page together, and how it is said."""
    found = {key: given[key] for key in METRICS if key in given}
    adjusted = holm([difference.p_value for _, _, difference in found.values()])
    rows = [_row(key, sides, p_value, names) for (key, sides), p_value in zip(found.items(), adjusted, strict=True)]
    ours, theirs = set(candidate.success), set(baseline.success)
    outcomes = {
        case: outcome(baseline.success[case], candidate.success[case]) for case in baseline.success if case in ours
    }
    disputed = (baseline.disputed | candidate.disputed) & outcomes.keys()
    return Comparison(rows, headline(rows), outcomes, disputed, len(theirs - ours), len(ours - theirs))


def _difference(key: str, baseline: Measured, candidate: Measured, seed: str) -> Sides | None:
    """Both estimates over the common cases and their difference; ``None`` where either run has no such metric."""
    if key in QUANTILES:
        q, both = QUANTILES[key], [run.times(key) for run in (baseline, candidate)]
        cases = _common(*both)
        # per case the mean of its repeats, on both sides, so that the difference is that of the two figures shown
        means = [[fsum(times[c]) / len(times[c]) for c in cases] for times in both]
        sides = [quantile_estimate(values, q) for values in means]
        return *_pair(sides), _bootstrap(means, cases, candidate, bootstrap.at_quantile(q), seed, key)
    if key in ("cost_per_case", "cost_per_success"):
        return _cost_difference(key, baseline, candidate, seed)
    if key not in baseline.rates or key not in candidate.rates:
        return None
    cases = _common(baseline.rates[key], candidate.rates[key])
    sides = [rate_estimate(run, key, cases) for run in (baseline, candidate)]
    before, after = ([run.rates[key][case] for case in cases] for run in (baseline, candidate))
    if all(value in (0, 1) for value in (*before, *after)):
        return *_pair(sides), paired_difference(before, after, _groups(cases, candidate))
    return *_pair(sides), _bootstrap([before, after], cases, candidate, bootstrap.mean, seed, key)


def _cost_difference(key: str, baseline: Measured, candidate: Measured, seed: str) -> Sides | None:
    if baseline.costs is None or candidate.costs is None:
        return None
    cases = _common(baseline.costs, candidate.costs)
    if key == "cost_per_success":
        cases = [case for case in cases if case in baseline.success and case in candidate.success]
    sides = [cost_estimates(run, cases)[key == "cost_per_success"] for run in (baseline, candidate)]
    values: list[list[Any]] = []
    for run, costs in ((baseline, baseline.costs), (candidate, candidate.costs)):
        values.append([(costs[c], run.success[c]) if key == "cost_per_success" else costs[c] for c in cases])
    statistic = bootstrap.ratio_of_sums if key == "cost_per_success" else bootstrap.mean
    return *_pair(sides), _bootstrap(values, cases, candidate, statistic, seed, key)


def loaded_difference(
    baseline: Measured, candidate: Measured, fixed: tuple[float, float], volume: int, seed: str
) -> Sides | None:
    """Cost per success with what it took to make each, spread over ``volume`` tasks, in US dollars:
    Σ (cost + fixed / volume) / Σ successes, over the cases that both have. None where a cost is unknown."""
    if baseline.costs is None or candidate.costs is None:
        return None
    cases = [case for case in _common(baseline.costs, candidate.costs) if case in baseline.success]
    cases = [case for case in cases if case in candidate.success]
    values = []
    for run, costs, whole in ((baseline, baseline.costs, fixed[0]), (candidate, candidate.costs, fixed[1])):
        values.append([(costs[case] + whole / volume, run.success[case]) for case in cases])
    sides = [ratio([cost for cost, _ in side], [success for _, success in side]) for side in values]
    key = f"cost_per_success_loaded/{fixed}/{volume}"
    return *_pair(sides), _bootstrap(values, cases, candidate, bootstrap.ratio_of_sums, seed, key)


def _row(key: str, sides: Sides, p_value: float | None, names: tuple[str, str]) -> Row:
    kind, (baseline, candidate, difference) = METRICS[key], sides
    judged = verdict(difference, p_value, kind.higher_is_better)
    # both sides are told over the cases of the difference, so that "71 of 120" and "52" are of the same 120
    before, after = (replace(side, n=difference.n) for side in (baseline, candidate))
    subject = Subject(names[0], names[1], kind.phrase, kind.unit)
    sentence = difference_sentence(subject, before, after, difference, judged != "no_difference_shown", p_value)
    return Row(
        key=key,
        label=kind.label,
        unit=kind.unit,
        baseline=baseline,
        candidate=candidate,
        difference=difference.difference,
        low=difference.low,
        high=difference.high,
        p_value=p_value,
        p_value_raw=difference.p_value,
        n=difference.n,
        higher_is_better=kind.higher_is_better,
        minimum_detectable_difference=difference.mdd,
        verdict=judged,
        sentence=sentence,
    )


def headline(rows: Sequence[Row]) -> str:
    """One line over all rows: "Better at the task, worse at refusing." Where nothing is shown it says that, never
    that the two are equal."""
    if not rows:
        return "Nothing to compare: the two have no measured case in common."
    said = {(row.key, row.verdict) for row in rows}
    kept = [row for row in rows if (SAME_THING.get(row.key), row.verdict) not in said]
    better = [METRICS[row.key].better for row in kept if row.verdict == "better"]
    worse = [METRICS[row.key].worse for row in kept if row.verdict == "worse"]
    if not better and not worse:
        return f"No difference shown in any of {len(rows)} metrics." if len(rows) > 1 else "No difference shown."
    graded = {row.verdict for row in rows if METRICS[row.key].unit == "share"}
    # "Faster." alone would read as if nothing had been asked about the answers
    unsaid = ["no difference shown in what was graded"] if graded == {"no_difference_shown"} else []
    parts = [*unsaid, *_joined(better, "better "), *_joined(worse, "worse ")]
    line = ", ".join(parts)
    return f"{line[0].upper()}{line[1:]}."


def _joined(phrases: list[str], word: str) -> list[str]:
    """ "better at a", "better at b", "faster" → "better at a and at b", "faster"."""
    same = [phrase.removeprefix(word) for phrase in phrases if phrase.startswith(word)]
    others = [phrase for phrase in phrases if not phrase.startswith(word)]
    return ([f"{word}{and_list(same)}"] if same else []) + ([and_list(others)] if others else [])


def outcome(baseline: float, candidate: float) -> Outcome:
    """What became of a case; with repeats, a case is passed when more than half of them passed."""
    before, after = baseline > 0.5, candidate > 0.5
    if before and after:
        return "both_right"
    if before:
        return "regression"
    return "win" if after else "both_wrong"


def _pair(sides: Sequence[Estimate]) -> tuple[Estimate, Estimate]:
    return sides[0], sides[1]


def _common(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return sorted(case for case in one if case in other)


def _groups(cases: Sequence[str], run: Measured) -> list[Hashable]:
    return [run.groups[case] for case in cases]


def _bootstrap(
    values: Sequence[Sequence[Any]],
    cases: Sequence[str],
    run: Measured,
    statistic: "bootstrap.Statistic",
    seed: str,
    key: str,
) -> PairedDifference:
    return bootstrap.paired_bootstrap(
        values[0], values[1], statistic, generator("comparison", seed, key), _groups(cases, run)
    )
