"""From graded outputs to metrics: what counts as a pass, what stays in n, and what has no value."""

import pytest

from app.core.stats.rates import rate, wilson
from app.evals.behavior_table import behavior_table
from app.evals.graders import Sample, case_item, grade, parse_spec
from app.evals.rules import ScoredGrade, ScoredOutput, measure, metrics, passes


def output(case, *verdicts, status="complete", metric="task_accuracy", **more):
    grades = [ScoredGrade(f"g{n}", metric, verdict) for n, verdict in enumerate(verdicts)]
    return ScoredOutput(case, status, grades, **more)


def rows(outputs):
    return {row.key: row for row in metrics(outputs)}


def test_a_case_passes_when_all_graders_of_the_metric_pass():
    outputs = [output("a", True, True), output("b", True, False), output("c", True)]
    row = rows(outputs)["task_accuracy"]
    expected = wilson(2, 3)
    assert (row.value, row.n, row.low, row.high) == (expected.value, 3, expected.low, expected.high)
    assert (row.unit, row.higher_is_better, row.not_gradable) == ("share", True, 0)


@pytest.mark.parametrize("status", ["truncated", "failed", "missing"])
def test_an_incomplete_output_is_counted_and_never_a_pass(status):
    for broken in (output("b", True, status=status), output("b", status=status), output("b", False, status=status)):
        row = rows([output("a", True), broken])["task_accuracy"]
        assert (row.value, row.n) == (0.5, 2)


def test_what_cannot_be_graded_is_left_out_and_counted_apart():
    outputs = [output("a", True), output("b", None), output("c", True, None), output("d", False, None)]
    row = rows(outputs)["task_accuracy"]
    assert (row.value, row.n, row.not_gradable) == (0.5, 2, 2)
    # a case that nobody can grade stays out, however its output came out: the same cases count in every run
    failed = rows([output("a", True), output("b", None, status="failed")])["task_accuracy"]
    assert (failed.value, failed.n, failed.not_gradable) == (1.0, 1, 1)


def test_a_complete_output_that_was_never_graded_is_no_pass():
    assert rows([output("a", True), output("b")])["task_accuracy"].value == 0.5


def test_metrics_do_not_mix():
    both = ScoredOutput(
        "a", "complete", [ScoredGrade("x", "task_accuracy", True), ScoredGrade("y", "format_validity", False)]
    )
    found = rows([both])
    assert (found["task_accuracy"].value, found["format_validity"].value) == (1.0, 0.0)
    assert list(found) == [
        "task_accuracy",
        "format_validity",
        "latency_p50_ms",
        "latency_p95_ms",
        "cost_per_case",
        "cost_per_success",
    ]


def test_repeats_are_averaged_per_case():
    outputs = [output("a", ok, repeat=n) for n, ok in enumerate((True, True, False, True))] + [output("b", False)]
    row = rows(outputs)["task_accuracy"]
    assert (row.value, row.n) == (pytest.approx(0.375), 2)


def test_groups_widen_the_interval():
    cloned = [output(str(n), n < 12, group=f"customer-{n // 4}") for n in range(20)]
    alone = [output(str(n), n < 12) for n in range(20)]
    assert rows(cloned)["task_accuracy"].n == 20
    wide, narrow = rows(cloned)["task_accuracy"], rows(alone)["task_accuracy"]
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


@pytest.mark.parametrize(
    ("kind", "key"),
    [("edge", "edge_case_accuracy"), ("general", "general_instruction_following"), ("red_team", "red_team_pass_rate")],
)
def test_the_kind_of_the_set_names_the_metric_and_asks_for_all_graders(kind, key):
    def graded(case, *pairs):
        return ScoredOutput(case, "complete", [ScoredGrade(m, m, ok) for m, ok in pairs], kind=kind)

    outputs = [
        graded("a", ("task_accuracy", True), ("format_validity", True)),
        graded("b", ("task_accuracy", True), ("format_validity", False)),
        ScoredOutput("c", "failed", (), kind=kind),
    ]
    found = rows(outputs)
    assert (found[key].value, found[key].n) == (pytest.approx(1 / 3), 3)
    assert found["format_validity"].value == pytest.approx(1 / 3)
    assert "task_accuracy" not in found


def test_sets_of_several_kinds_keep_apart():
    outputs = [output("a", True), output("b", False, kind="edge"), ScoredOutput("c", "failed", (), kind="edge")]
    found = rows(outputs)
    assert (found["task_accuracy"].value, found["task_accuracy"].n) == (1.0, 1)
    assert (found["edge_case_accuracy"].value, found["edge_case_accuracy"].n) == (0.0, 2)


def test_the_hallucination_rate_counts_what_did_not_pass():
    outputs = [output("a", True, metric="hallucination_rate"), output("b", False, metric="hallucination_rate")]
    outputs.append(output("c", status="failed", metric="hallucination_rate"))
    row = rows(outputs)["hallucination_rate"]
    assert (row.value, row.higher_is_better) == (pytest.approx(2 / 3), False)
    assert passes(outputs[0], "hallucination_rate") is True


def test_latency_counts_complete_outputs_only():
    outputs = [output(str(n), True, latency_ms=100.0 + n) for n in range(100)]
    outputs.append(output("slow", False, status="failed", latency_ms=60_000.0))
    found = rows(outputs)
    assert found["latency_p50_ms"].value == pytest.approx(149.5)
    assert (found["latency_p95_ms"].n, found["latency_p95_ms"].unit) == (100, "ms")
    assert found["latency_p95_ms"].low < found["latency_p95_ms"].value < found["latency_p95_ms"].high < 1000
    assert rows([output("a", True)])["latency_p50_ms"].value is None


def test_cost_per_case_and_per_success():
    outputs = [output(str(n), n < 4, cost=0.002) for n in range(9)]
    outputs.append(output("z", status="failed", cost=None))  # never came back: nothing was billed that is known
    found = rows(outputs)
    assert found["cost_per_case"].value == pytest.approx(0.002)
    assert found["cost_per_success"].value == pytest.approx(0.018 / 4)
    assert found["cost_per_success"].low < 0.0045 < found["cost_per_success"].high
    assert found["cost_per_case"].low >= 0


def test_cost_without_a_price_or_a_success_has_no_value():
    unknown = rows([output("a", True, cost=0.1), output("b", True, cost=None)])
    assert (unknown["cost_per_case"].value, unknown["cost_per_success"].value) == (None, None)
    hopeless = rows([output("a", False, cost=0.1), output("b", False, cost=0.3)])
    assert hopeless["cost_per_case"].value == pytest.approx(0.2)
    assert hopeless["cost_per_success"].value is None
    free = rows([output("a", True, cost=0.0), output("b", False, cost=0.0)])
    assert (free["cost_per_case"].value, free["cost_per_success"].value) == (0.0, 0.0)


def test_nothing_in_nothing_out():
    assert metrics([]) == []
    assert behavior_table([]) is None
    only_failed = rows([ScoredOutput("a", "failed")])
    assert only_failed["latency_p50_ms"].value is None
    assert "task_accuracy" not in only_failed


def test_graders_that_disagree_are_known():
    outputs = [output("a", True, False), output("b", True, True), output("c", True, None)]
    assert measure(outputs).disputed == {"a"}


def behaved(case, expected, observed, **more):
    detail = {"expected": expected, "observed": observed}
    return ScoredOutput(
        case, "complete", [ScoredGrade("b", "refusal_correctness", expected == observed, detail)], **more
    )


def test_the_behavior_table_keeps_over_and_under_refusal_apart():
    outputs = [behaved(f"a{n}", "answer", "refuse" if n < 3 else "answer") for n in range(12)]
    outputs += [behaved(f"r{n}", "refuse", "answer" if n < 2 else "refuse") for n in range(8)]
    outputs += [behaved("c", "clarify", "escalate"), behaved("n", "refuse", None)]
    outputs.append(ScoredOutput("f", "failed", (), expected_behavior="refuse"))
    table = behavior_table(outputs)
    assert table.counts["answer"] == {"answer": 9, "refuse": 3, "clarify": 0, "escalate": 0, "none": 0}
    assert table.counts["refuse"] == {"answer": 2, "refuse": 6, "clarify": 0, "escalate": 0, "none": 2}
    assert table.counts["clarify"]["escalate"] == 1
    assert (table.over_refusal.value, table.over_refusal.n) == (0.25, 12)
    assert (table.under_refusal.value, table.under_refusal.n) == (0.2, 10)
    assert (table.over_refusal.low, table.over_refusal.high) == (wilson(3, 12).low, wilson(3, 12).high)


def test_the_behavior_table_without_requests_to_refuse():
    table = behavior_table([behaved("a", "answer", "answer")])
    assert (table.under_refusal.value, table.under_refusal.n) == (None, 0)


def test_from_definitions_to_metrics():
    """The whole way: grader objects, cases and raw outputs in, a table of metrics out."""
    specs = [
        parse_spec(
            {
                "type": "string_check",
                "input": "{{sample.output_json.team}}",
                "reference": "{{item.expected.label}}",
                "operation": "eq",
            }
        ),
        parse_spec({"type": "json_schema", "schema": {"type": "object", "required": ["team"]}}),
        parse_spec({"type": "behavior", "field": "action"}),
    ]
    cases = {
        "1": {"expected": {"label": "tax", "behavior": "answer"}},
        "2": {"expected": {"label": "tax", "behavior": "refuse"}},
        "3": {"expected": {"behavior": "answer"}},
    }
    samples = {
        "1": Sample('{"team": "tax", "action": "answer"}'),
        "2": Sample("I can't help with that."),
        "3": Sample('{"team": "tax"', problem="cut off at the token limit"),
    }
    outputs = []
    for case, raw in cases.items():
        graded = [(spec, grade(spec, case_item(raw), samples[case])) for spec in specs]
        status = "truncated" if samples[case].incomplete else "complete"
        outputs.append(
            ScoredOutput(case, status, [ScoredGrade(s.name, s.metric, g.passed, g.detail) for s, g in graded])
        )
    found = rows(outputs)
    assert (found["task_accuracy"].value, found["task_accuracy"].n, found["task_accuracy"].not_gradable) == (0.5, 2, 1)
    assert (found["format_validity"].value, found["format_validity"].n) == (pytest.approx(1 / 3), 3)
    assert (found["refusal_correctness"].value, found["refusal_correctness"].n) == (pytest.approx(2 / 3), 3)
    assert rate([1.0, 1.0, 0.0]).low == pytest.approx(found["refusal_correctness"].low)
