"""Gates against known intervals, and the verdict over them."""

import pytest

from app.comparisons.rules import Row
from app.core.stats.results import Estimate
from app.decisions.gates import Gate
from app.decisions.judging import judge, reasons, verdict
from app.evals.catalogue import METRICS

HOLDS, FAILS, OPEN = "holds", "fails", "open"


def row(key: str, low: float | None, point: float | None, high: float | None, n: int = 120, **more: object) -> Row:
    kind = METRICS[key]
    sides = {"baseline": Estimate(0.5, 0.4, 0.6, n), "candidate": Estimate(0.6, 0.5, 0.7, n)}
    return Row(
        key=key, label=kind.label, unit=kind.unit, difference=point, low=low, high=high, p_value=0.5, p_value_raw=0.5,
        n=n, higher_is_better=kind.higher_is_better, minimum_detectable_difference=0.1, verdict="no_difference_shown",
        sentence="", **(sides | more),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "rule", "value", "interval", "state"),
    [
        ("task_accuracy", "not_worse", 0, (0.063, 0.158, 0.254), HOLDS),
        ("task_accuracy", "not_worse", 0, (-0.01, 0.05, 0.11), OPEN),
        ("task_accuracy", "not_worse", 0, (-0.2, -0.1, -0.001), FAILS),
        ("task_accuracy", "not_worse", 0, (0.0, 0.0, 0.1), HOLDS),
        ("task_accuracy", "better", 0, (0.0, 0.0, 0.1), OPEN),
        ("refusal_correctness", "not_worse", 0.03, (-0.348, -0.217, -0.085), FAILS),
        ("refusal_correctness", "not_worse", 0.03, (-0.03, 0.0, 0.05), HOLDS),
        ("hallucination_rate", "not_worse", 0.02, (-0.1, -0.02, 0.019), HOLDS),  # lower is better
        ("hallucination_rate", "not_worse", 0.02, (0.021, 0.05, 0.1), FAILS),
        ("cost_per_success", "better", 0, (-0.3, -0.2, -0.1), HOLDS),
        ("cost_per_success", "better", 0.5, (-0.3, -0.2, -0.1), OPEN),  # half of 0.5 is 0.25
        ("cost_per_success", "better", 0.8, (-0.3, -0.2, -0.1), FAILS),
    ],
)
def test_a_difference_is_judged_on_its_whole_interval(
    key: str, rule: str, value: float, interval: tuple[float, float, float], state: str
) -> None:
    gate = Gate.model_validate({"metric": key, "rule": rule, "value": value})
    assert judge(gate, row(key, *interval)).state == state


@pytest.mark.parametrize(
    ("key", "rule", "value", "estimate", "state"),
    [
        ("format_validity", "at_least", 0.99, (1.0, 0.969, 1.0), OPEN),
        ("format_validity", "at_least", 0.96, (1.0, 0.969, 1.0), HOLDS),
        ("format_validity", "at_least", 0.99, (0.9, 0.83, 0.94), FAILS),
        ("latency_p95_ms", "at_most", 800, (600.0, 500.0, 700.0), HOLDS),
        ("latency_p95_ms", "at_most", 800, (600.0, 500.0, None), OPEN),
        ("hallucination_rate", "at_most", 0.05, (0.1, 0.06, 0.2), FAILS),
    ],
)
def test_a_bound_is_judged_on_the_candidates_interval(
    key: str, rule: str, value: float, estimate: tuple[float, float, float | None], state: str
) -> None:
    gate = Gate.model_validate({"metric": key, "rule": rule, "value": value})
    one = row(key, -0.1, 0.0, 0.1, candidate=Estimate(*estimate, 120))
    assert judge(gate, one).state == state


def test_what_more_it_would_take() -> None:
    format_gate = Gate(metric="format_validity", rule="at_least", value=0.99)
    found = judge(format_gate, row("format_validity", 0, 0, 0, candidate=Estimate(1.0, 0.969, 1.0, 120)))
    assert found.needed == 381  # the n of n whose Wilson limit is 99 %: 99 z²
    assert "about 270 more cases" in found.why
    general = Gate(metric="general_instruction_following", rule="not_worse", value=0.02)
    found = judge(general, row("general_instruction_following", -0.064, -0.012, 0.04, n=168))
    assert found.needed == pytest.approx(14_500, rel=0.05)
    hopeless = judge(general, row("general_instruction_following", -0.09, -0.03, 0.03, n=168))
    assert (hopeless.state, hopeless.needed) == (OPEN, None)
    assert "more of the same would not help" in hopeless.why


def test_a_judge_without_calibration_settles_nothing() -> None:
    gate = Gate(metric="task_accuracy", rule="not_worse")
    for interval in ((0.1, 0.2, 0.3), (-0.3, -0.2, -0.1)):
        found = judge(gate, row("task_accuracy", *interval), {"helpful": "nobody has marked outputs for it yet"})
        assert found.state == OPEN
        assert "“helpful” (nobody has marked outputs for it yet)" in found.why


def test_what_is_not_measured_is_open() -> None:
    assert judge(Gate(metric="red_team_pass_rate", rule="not_worse"), None).measured == "not measured"


def test_the_verdict_over_all_gates() -> None:
    good = judge(Gate(metric="task_accuracy", rule="not_worse"), row("task_accuracy", 0.1, 0.2, 0.3))
    bad = judge(Gate(metric="refusal_correctness", rule="not_worse"), row("refusal_correctness", -0.3, -0.2, -0.1))
    unsure = judge(Gate(metric="format_validity", rule="better"), row("format_validity", -0.1, 0.0, 0.1))
    assert verdict([good]) == "ship"
    assert verdict([good, unsure]) == "not_enough_evidence"
    assert verdict([good, unsure, bad]) == "dont_ship"
    assert verdict([]) == "not_enough_evidence"
    assert reasons([good, unsure, bad]) == ("Does not hold: “Refusal correctness not worse”. One gate is still open.")


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({"metric": "task_accuracy", "rule": "not_worse"}, "Task accuracy not worse"),
        ({"metric": "format_validity", "rule": "at_least", "value": 0.99}, "Format validity at least 99 %"),
        ({"metric": "cost_per_case", "rule": "not_worse", "value": 0.1}, "Cost per case not worse by more than 10 %"),
        (
            {"metric": "red_team_pass_rate", "rule": "not_worse", "value": 0.02},
            "Red team not worse by more than 2 points",
        ),
    ],
)
def test_gates_in_words(gate: dict[str, object], said: str) -> None:
    assert Gate.model_validate(gate).sentence == said


@pytest.mark.parametrize(
    "gate",
    [
        {"metric": "task_accuracy", "rule": "at_most", "value": 0.5},
        {"metric": "latency_p95_ms", "rule": "at_least", "value": 5},
        {"metric": "beauty", "rule": "not_worse"},
        {"metric": "task_accuracy", "rule": "not_worse", "value": 2},
    ],
)
def test_gates_that_make_no_sense_are_refused(gate: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"metric|say|value"):
        Gate.model_validate(gate)
