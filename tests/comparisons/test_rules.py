"""Candidate against baseline: pairing, verdicts, Holm over the page, sentences, outcomes, slices."""

import numpy as np
import pytest

from app.comparisons.rules import compare, headline, outcome
from app.comparisons.slices import slices
from app.core.stats.multiplicity import holm
from app.core.stats.paired import paired_difference
from app.evals.rules import ScoredGrade, ScoredOutput, measure


def run(passes, metric="task_accuracy", latency=None, cost=None, groups=None, prefix="c", **more):
    """A run of one output per case; ``passes`` in the order of the cases."""
    return [
        ScoredOutput(
            f"{prefix}{n}",
            "complete",
            [ScoredGrade("g", metric, bool(ok))],
            latency_ms=None if latency is None else latency[n],
            cost=None if cost is None else cost[n],
            group=None if groups is None else groups[n],
            **more,
        )
        for n, ok in enumerate(passes)
    ]


BASE = [1] * 43 + [0] * 28 + [1] * 9 + [0] * 40
TUNED = [1] * 43 + [1] * 28 + [0] * 9 + [0] * 40


def compared(base, tuned, **more):
    return compare(measure(base), measure(tuned), "base", "Tuned", **more)


def test_the_worked_example():
    result = compared(run(BASE), run(TUNED))
    (row,) = result.rows
    expected = paired_difference(BASE, TUNED)
    assert (row.key, row.n, row.verdict) == ("task_accuracy", 120, "better")
    assert (row.baseline.value, row.candidate.value) == (52 / 120, 71 / 120)
    assert (row.difference, row.low, row.high) == (expected.difference, expected.low, expected.high)
    assert row.p_value == row.p_value_raw == expected.p_value
    assert row.minimum_detectable_difference == expected.mdd
    assert row.sentence == (
        "Tuned answers 71 of 120 cases correctly, base 52: +15.8 points (95 % CI +6.2 to +25.6, p = 0.003)."
    )
    assert result.headline == "Better at the task."
    counted = {name: list(result.outcomes.values()).count(name) for name in set(result.outcomes.values())}
    assert counted == {"both_right": 43, "win": 28, "regression": 9, "both_wrong": 40}


def test_swapping_the_two_swaps_the_claim():
    one, other = compared(run(BASE), run(TUNED)).rows[0], compared(run(TUNED), run(BASE)).rows[0]
    assert (one.verdict, other.verdict) == ("better", "worse")
    assert one.low == pytest.approx(-other.high)


def mixed(seed, sizes):
    """Several metrics in one run each."""
    rng = np.random.default_rng(seed)
    base, tuned = [], []
    for metric, (n, before, after) in sizes.items():
        base += run(rng.random(n) < before, metric, prefix=metric)
        tuned += run(rng.random(n) < after, metric, prefix=metric)
    return base, tuned


def test_holm_is_over_the_whole_page():
    sizes = {
        "task_accuracy": (120, 0.4, 0.6),
        "format_validity": (120, 0.9, 0.93),
        "refusal_correctness": (60, 0.75, 0.5),
    }
    rows = compared(*mixed(3, sizes)).rows
    assert [row.key for row in rows] == list(sizes)
    assert [row.p_value for row in rows] == holm([row.p_value_raw for row in rows])
    assert any(row.p_value > row.p_value_raw for row in rows)


def test_an_interval_that_excludes_zero_is_not_enough_after_holm():
    # gains 9, losses 1: p = 0.021 alone, 0.064 among three
    lone = compared(run([0] * 9 + [1] + [1] * 40), run([1] * 9 + [0] + [1] * 40))
    assert lone.rows[0].verdict == "better"
    base, tuned = mixed(1, {"format_validity": (40, 0.5, 0.5), "refusal_correctness": (40, 0.5, 0.5)})
    crowd = compared(base + run([0] * 9 + [1] + [1] * 40), tuned + run([1] * 9 + [0] + [1] * 40))
    row = crowd.rows[0]
    assert row.low > 0
    assert row.p_value > 0.05
    assert row.verdict == "no_difference_shown"
    assert row.sentence.startswith("No difference shown: ")


def test_lower_is_better_for_hallucinations_latency_and_cost():
    rng = np.random.default_rng(0)
    slow = (800 + 50 * rng.random(60)).tolist()
    fast = (400 + 50 * rng.random(60)).tolist()
    outputs = [
        run([1] * 60, "hallucination_rate", latency=slow, cost=[0.004] * 60),
        run([1] * 30 + [0] * 30, "hallucination_rate", latency=fast, cost=[0.001 + n * 1e-6 for n in range(60)]),
    ]
    result = compared(*outputs)
    verdicts = {row.key: row.verdict for row in result.rows}
    assert verdicts["hallucination_rate"] == "worse"
    assert verdicts["latency_p50_ms"] == verdicts["latency_p95_ms"] == verdicts["cost_per_case"] == "better"
    latency = next(row for row in result.rows if row.key == "latency_p50_ms")
    assert latency.difference == pytest.approx(latency.candidate.value - latency.baseline.value)
    assert latency.high < 0
    assert "ms in the median" in latency.sentence
    assert result.headline == "Faster and cheaper, worse at keeping to the facts."


def test_cost_per_success_pairs_cost_with_success():
    base = run([1] * 20 + [0] * 40, cost=[0.002] * 60)
    tuned = run([1] * 50 + [0] * 10, cost=[0.002] * 60)
    row = next(row for row in compared(base, tuned).rows if row.key == "cost_per_success")
    assert row.baseline.value == pytest.approx(0.006)
    assert row.candidate.value == pytest.approx(0.0024)
    assert row.difference == pytest.approx(-0.0036)
    assert row.verdict == "better"


def test_an_unknown_price_or_no_success_gives_no_claim():
    unknown = compared(run(BASE, cost=[0.1] * 120), run(TUNED))
    assert [row.key for row in unknown.rows] == ["task_accuracy"]
    hopeless = compared(run([0] * 10, cost=[0.1] * 10), run([1] * 10, cost=[0.1] * 10))
    row = next(row for row in hopeless.rows if row.key == "cost_per_success")
    assert (row.difference, row.p_value, row.verdict) == (None, None, "no_difference_shown")
    assert row.sentence == "No difference shown: no data for base."


def test_only_cases_that_both_have_are_compared_and_the_rest_is_counted():
    base, tuned = run(BASE), run(TUNED)
    result = compared(base[:100], tuned[10:])
    assert (result.rows[0].n, result.only_baseline, result.only_candidate) == (90, 10, 20)
    nothing = compared(base[:10], tuned[10:20])
    assert nothing.rows == []
    assert nothing.headline == "Nothing to compare: the two have no measured case in common."


def test_a_failed_output_is_a_regression_and_not_a_gap():
    base, tuned = run([1, 1, 0]), [ScoredOutput("c0", "failed"), *run([1, 1, 1])[1:]]
    result = compared(base, tuned)
    assert result.outcomes == {"c0": "regression", "c1": "both_right", "c2": "win"}
    assert result.rows[0].n == 3


def test_groups_are_kept_together():
    groups = [f"customer-{n // 10}" for n in range(120)]
    alone, together = compared(run(BASE), run(TUNED)), compared(run(BASE, groups=groups), run(TUNED, groups=groups))
    assert together.rows[0].difference == alone.rows[0].difference
    assert together.rows[0].high - together.rows[0].low > alone.rows[0].high - alone.rows[0].low
    assert together.rows[0].p_value > alone.rows[0].p_value


def test_repeats_are_compared_by_their_share():
    def repeated(shares):
        return [
            ScoredOutput(f"c{n}", "complete", [ScoredGrade("g", "task_accuracy", k < passed)], repeat=k)
            for n, passed in enumerate(shares)
            for k in range(3)
        ]

    rng = np.random.default_rng(2)
    before = rng.binomial(3, 0.3, 60)
    result = compared(repeated(before), repeated(np.minimum(3, before + (rng.random(60) < 0.6))))
    (row,) = result.rows
    assert (row.n, row.verdict) == (60, "better")
    assert " % of 60 cases correctly" in row.sentence
    assert row.low < row.difference < row.high


def test_the_page_repeats_itself():
    latency = [[100.0 + n for n in range(40)], [90.0 + n * 1.1 for n in range(40)]]
    first, second = (
        compared(run([1] * 40, latency=latency[0]), run([1] * 40, latency=latency[1]), seed="runs 18, 21")
        for _ in range(2)
    )
    assert first == second


def test_false_claims_over_a_page_stay_below_five_percent():
    sizes = dict.fromkeys(("task_accuracy", "format_validity", "refusal_correctness"), (60, 0.6, 0.6))
    false = sum(
        any(row.verdict != "no_difference_shown" for row in compared(*mixed(n, sizes)).rows) for n in range(150)
    )
    assert false / 150 <= 0.06


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(1, 0, "regression"), (0, 1, "win"), (0, 0, "both_wrong"), (1, 1, "both_right"), (2 / 3, 0.5, "regression")],
)
def test_outcomes(before, after, expected):
    assert outcome(before, after) == expected


def test_headlines():
    def row(key, verdict):
        from types import SimpleNamespace

        return SimpleNamespace(key=key, verdict=verdict)

    assert headline([row("task_accuracy", "better"), row("refusal_correctness", "worse")]) == (
        "Better at the task, worse at refusing."
    )
    assert (
        headline([row("task_accuracy", "better"), row("format_validity", "better"), row("latency_p50_ms", "better")])
        == "Better at the task and at the format, faster."
    )
    both = [row("task_accuracy", "no_difference_shown"), row("cost_per_case", "no_difference_shown")]
    assert headline(both) == "No difference shown in any of 2 metrics."
    assert headline(both[:1]) == "No difference shown."
    slower = [row("task_accuracy", "no_difference_shown"), row("latency_p50_ms", "worse")]
    assert headline(slower) == "No difference shown in what was graded, slower."


def test_disputed_cases_are_listed():
    torn = ScoredOutput(
        "c1", "complete", [ScoredGrade("g", "task_accuracy", True), ScoredGrade("h", "task_accuracy", False)]
    )
    result = compared(run([1, 1]), [run([1])[0], torn])
    assert result.disputed == {"c1"}


def test_slices_put_the_worst_first_and_leave_tiny_ones_out():
    tags = {f"c{n}": ["de", "refund"] if n < 80 else ["en"] for n in range(120)} | {"c0": ["de", "rare"]}
    found = slices(measure(run(BASE)), measure(run(TUNED)), tags)
    assert [part.name for part in found] == ["en", "de", "refund"]
    assert sum(part.n for part in found if part.name in ("de", "en")) == 120
    german = next(part for part in found if part.name == "de")
    assert german.difference.difference == pytest.approx(paired_difference(BASE[:80], TUNED[:80]).difference)
    assert [part.p_value for part in found] == pytest.approx(holm([part.difference.p_value for part in found]))
    assert slices(measure(run([1])), measure(run([1])), {}) == []
