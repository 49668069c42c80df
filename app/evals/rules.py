"""From graded outputs to the metrics of a run. Pure.

A case passes a metric when all graders of that metric pass; of several repeats it has the share that passed. An
output that is truncated, failed or missing is never a pass and stays in n. A case that a grader cannot grade (no
expected label, say) is left out of that metric and counted apart.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, Literal

from app.core.stats.quantiles import quantile_estimate
from app.core.stats.rates import mean, rate, ratio
from app.core.stats.results import Estimate
from app.core.stats.words import Unit
from app.evals.catalogue import KIND_METRIC, METRICS

Status = Literal["complete", "truncated", "failed", "missing"]
QUANTILES = {
    "latency_p50_ms": 0.5,
    "latency_p95_ms": 0.95,
    "time_to_first_token_p50_ms": 0.5,
    "time_to_first_token_p95_ms": 0.95,
}
Kind = Literal["task", "edge", "red_team", "general"]


@dataclass(frozen=True, slots=True)
class ScoredGrade:
    """One grader's verdict on one output; ``passed`` is ``None`` where it could not be graded."""

    grader: str
    metric: str
    passed: bool | None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoredOutput:
    """One output with its grades. ``latency_ms`` in milliseconds, ``first_token_ms`` where it was streamed; ``cost`` in
    US dollars, ``None`` where the price is unknown; ``group`` as in the case; ``kind`` of the test set that the case is
    in; a ``reused`` one was not asked for: it has no latency and no cost of its own."""

    case_id: str
    status: Status
    grades: Sequence[ScoredGrade] = ()
    repeat: int = 0
    latency_ms: float | None = None
    first_token_ms: float | None = None
    cost: float | None = None
    group: str | None = None
    kind: Kind = "task"
    expected_behavior: str | None = None
    reused: bool = False


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of a run. ``n`` counts cases (latency: outputs); ``not_gradable`` cases are not among them."""

    key: str
    value: float | None
    n: int
    low: float | None
    high: float | None
    unit: Unit
    higher_is_better: bool
    not_gradable: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run shows, case by case; the input of ``metrics`` and of a comparison.

    ``rates``: per metric and case a value in [0, 1], in the metric's own direction. ``success``: per case the share
    of repeats that did the job (the set's main metric). ``latencies``, ``first_tokens``: per case those of its complete
    outputs, in milliseconds.
    ``costs``: per case the mean over its outputs; ``None`` as a whole where a price is unknown.
    """

    rates: Mapping[str, Mapping[str, float]]
    not_gradable: Mapping[str, int]
    success: Mapping[str, float]
    latencies: Mapping[str, Sequence[float]]
    costs: Mapping[str, float] | None
    groups: Mapping[str, Hashable]
    disputed: frozenset[str]
    first_tokens: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def times(self, key: str) -> Mapping[str, Sequence[float]]:
        """What one of ``QUANTILES`` is a quantile of."""
        return self.latencies if key.startswith("latency") else self.first_tokens


def metrics(outputs: Sequence[ScoredOutput]) -> list[Metric]:
    """The rows of a run, in the order of the catalogue. ``value`` is ``None`` where there is no data.

    Rates: Wilson's interval, widened by ``group``. Latency: complete outputs only, order-statistic interval. Cost per
    case: mean with Student's t. Cost per success (marginal): all cost over all successes, ``None`` without a success.
    """
    return metrics_of(measure(outputs)) if outputs else []


def metrics_of(measured: Measured) -> list[Metric]:
    """``metrics`` of outputs that were measured already."""
    estimates = {key: rate_estimate(measured, key) for key in measured.rates}
    for key in QUANTILES:
        if key.startswith("latency") or measured.times(key):
            estimates[key] = time_estimate(measured, key)
    estimates["cost_per_case"], estimates["cost_per_success"] = cost_estimates(measured)
    return [
        Metric(
            key,
            estimates[key].value,
            estimates[key].n,
            estimates[key].low,
            estimates[key].high,
            kind.unit,
            kind.higher_is_better,
            measured.not_gradable.get(key, 0),
        )
        for key, kind in METRICS.items()
        if key in estimates
    ]


def measure(outputs: Sequence[ScoredOutput]) -> Measured:
    """Case by case what a run shows. The outputs are one run's, or of several runs over different test sets."""
    played = _metrics_in_play(outputs)
    verdicts: dict[str, dict[str, list[bool | None]]] = {}
    latencies: dict[str, list[float]] = {}
    first_tokens: dict[str, list[float]] = {}
    for output in outputs:
        for key in played[output.kind]:
            verdicts.setdefault(key, {}).setdefault(output.case_id, []).append(passes(output, key))
        if output.status == "complete" and output.latency_ms is not None:
            latencies.setdefault(output.case_id, []).append(output.latency_ms)
        if output.status == "complete" and output.first_token_ms is not None:
            first_tokens.setdefault(output.case_id, []).append(output.first_token_ms)
    shares = {key: {case: _share(found) for case, found in cases.items()} for key, cases in verdicts.items()}
    graded = {key: {case: x for case, x in cases.items() if x is not None} for key, cases in shares.items()}
    return Measured(
        rates={key: _own_direction(key, cases) for key, cases in graded.items()},
        not_gradable={key: len(cases) - len(graded[key]) for key, cases in shares.items()},
        success=_success(outputs, graded),
        latencies=latencies,
        costs=_costs(outputs),
        groups={
            output.case_id: ("case", output.case_id) if output.group is None else output.group for output in outputs
        },
        disputed=frozenset(output.case_id for output in outputs if _disputed(output)),
        first_tokens=first_tokens,
    )


def passes(output: ScoredOutput, metric: str) -> bool | None:
    """Whether an output passes a metric; ``None`` where it cannot be graded. On a set of another kind than ``task``,
    that kind's metric asks for all graders of the output."""
    whole = metric == KIND_METRIC.get(output.kind)
    verdicts = [grade.passed for grade in output.grades if whole or grade.metric == metric]
    if verdicts and all(verdict is None for verdict in verdicts):
        return None
    if output.status != "complete" or not verdicts or False in verdicts:
        return False
    return None if None in verdicts else True


def rate_estimate(measured: Measured, key: str, cases: Iterable[str] | None = None) -> Estimate:
    """A rate over the given cases, or over all that could be graded."""
    values = measured.rates.get(key, {})
    chosen = list(values if cases is None else cases)
    return rate([values[case] for case in chosen], [measured.groups[case] for case in chosen])


def time_estimate(measured: Measured, key: str) -> Estimate:
    """A quantile over all complete outputs; repeats of a case are not independent."""
    times = measured.times(key)
    values = [value for case in times.values() for value in case]
    return quantile_estimate(values, QUANTILES[key], independent=len(times))


def cost_estimates(measured: Measured, cases: Iterable[str] | None = None) -> tuple[Estimate, Estimate]:
    """Cost per case and cost per success, in US dollars, over the given cases or over all."""
    if measured.costs is None:
        return Estimate(None, None, None, 0), Estimate(None, None, None, 0)
    chosen = list(measured.costs if cases is None else cases)
    each = mean([measured.costs[case] for case in chosen])
    low = None if each.low is None else max(0.0, each.low)
    judged = [case for case in chosen if case in measured.success]
    per_success = ratio([measured.costs[case] for case in judged], [measured.success[case] for case in judged])
    return Estimate(each.value, low, each.high, each.n), per_success


def _metrics_in_play(outputs: Sequence[ScoredOutput]) -> dict[str, list[str]]:
    """Per kind of set the metrics that its graders feed: an output without grades fails all of them.

    On another kind than ``task`` the kind's metric stands in the place of task accuracy."""
    played: dict[str, list[str]] = {}
    for output in outputs:
        fed = {grade.metric for grade in output.grades}
        whole = KIND_METRIC.get(output.kind)
        if fed and whole:
            fed = {whole} | fed - {"task_accuracy"}
        known = played.setdefault(output.kind, [])
        known.extend(key for key in METRICS if key in fed and key not in known)
    return played


def _share(verdicts: Sequence[bool | None]) -> float | None:
    """Share of repeats that passed, of those that could be graded."""
    known = [verdict for verdict in verdicts if verdict is not None]
    return sum(known) / len(known) if known else None


def _own_direction(key: str, cases: dict[str, float]) -> dict[str, float]:
    """Pass rates as the metric counts: the hallucination rate is the share that did not pass."""
    return cases if METRICS[key].higher_is_better else {case: 1 - value for case, value in cases.items()}


def _success(outputs: Sequence[ScoredOutput], graded: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Per case: task accuracy, or the metric of the set's kind; where neither is graded, the least of its metrics."""
    found: dict[str, float] = {}
    for output in outputs:
        case, main = output.case_id, KIND_METRIC.get(output.kind, "task_accuracy")
        if main in graded:
            values = [graded[main][case]] if case in graded[main] else []
        else:
            values = [cases[case] for cases in graded.values() if case in cases]
        if values:
            found[case] = min(values)
    return found


def _costs(outputs: Sequence[ScoredOutput]) -> dict[str, float] | None:
    """Mean cost per case that was asked. A call that never came back may have no cost; a finished one without makes all
    unknown."""
    outputs = [output for output in outputs if not output.reused]
    if any(output.cost is None and output.status in ("complete", "truncated") for output in outputs):
        return None
    found: dict[str, list[float]] = {}
    for output in outputs:
        if output.cost is not None:
            found.setdefault(output.case_id, []).append(output.cost)
    return {case: fsum(values) / len(values) for case, values in found.items()} or None


def _disputed(output: ScoredOutput) -> bool:
    """Whether graders of one metric disagree about the output."""
    verdicts: dict[str, set[bool]] = {}
    for grade in output.grades:
        if grade.passed is not None:
            verdicts.setdefault(grade.metric, set()).add(grade.passed)
    return any(len(found) > 1 for found in verdicts.values())
