"""A run that streams measures the time to the first token; what broke off is counted, and never scored."""

import pytest

from app.comparisons import rules as comparing
from app.evals import rules
from app.evals.models import EvalRun
from tests.doubles.faults import told_usage
from tests.evals import factories
from tests.evals.conftest import Bench

KEYS = ("time_to_first_token_p50_ms", "time_to_first_token_p95_ms")


def metrics(run: EvalRun) -> dict[str, dict[str, object]]:
    return {metric["key"]: metric for metric in run.metrics or []}


def test_first_tokens_are_stored_and_measured(bench: Bench) -> None:
    run = bench.run(6, stream=True)
    rows = bench.outputs(run)
    assert all(row.first_token_ms and row.latency_ms and row.first_token_ms <= row.latency_ms for row in rows)
    found = metrics(run)
    assert all(found[key]["n"] == 6 for key in KEYS)
    assert found[KEYS[0]]["value"] <= found["latency_p50_ms"]["value"]  # type: ignore[operator]
    assert run.manifest is not None
    assert run.manifest["stream"] is True
    assert bench.double.requests[0]["body"]["stream_options"] == {"include_usage": True}


def test_without_streaming_there_is_no_such_figure(bench: Bench) -> None:
    run = bench.run(2)
    assert not set(KEYS) & set(metrics(run))
    assert run.manifest is not None
    assert "stream" not in run.manifest
    assert "stream" not in bench.double.requests[0]["body"]


def test_streams_that_break_off_are_counted_and_never_scored(bench: Bench) -> None:
    bench.double.script.faults = {
        "question 0.": ["no_finish"],
        "question 1.": ["stream_error"],
        "question 2.": ["garbage"],
    }
    run = bench.run(5, stream=True)
    assert run.status == "succeeded"
    assert sorted(row.status for row in bench.outputs(run)) == ["complete", "complete", "failed", "failed", "truncated"]
    assert metrics(run)["task_accuracy"]["n"] == 5
    assert metrics(run)["task_accuracy"]["value"] == 0.4
    assert metrics(run)[KEYS[0]]["n"] == 2


def test_a_connection_that_breaks_waits_for_a_person(bench: Bench) -> None:
    bench.double.script.faults = {"question 0.": ["break"]}
    run = bench.run(3, stream=True)
    assert (run.status, run.done) == ("needs_decision", 2)


def test_what_streams_cost_is_what_their_usage_said(bench: Bench) -> None:
    """Call by call against the provider's journal; where no usage came, nothing is made up."""
    bench.double.script.faults = {"question 0.": ["no_usage"], "question 1.": ["no_done"], "question 2.": ["429:0"]}
    bench.double.script.faults |= {"question 3.": ["no_finish"]}
    provider = factories.provider(bench.session, bench.double.base_url)
    candidate = factories.candidate(bench.session, bench.project, provider, price={"input": 1.0, "output": 2.0})
    run = bench.run(6, candidate=candidate, stream=True)
    told = {one["call"]: told_usage(one["fault"], True) for one in bench.double.requests}
    billed = {call: (u["prompt_tokens"] + 2 * u["completion_tokens"]) / 1e6 for call, u in told.items() if u}
    assert {call.id: call.cost for call in bench.calls(run) if call.cost is not None} == pytest.approx(billed)
    assert len(billed) == 4  # three whole answers at once or at the second try, and one without its last line
    assert run.cost == pytest.approx(sum(billed.values()))


def test_both_sides_must_have_streamed_to_be_compared() -> None:
    def side(first: float | None) -> rules.Measured:
        outputs = [
            rules.ScoredOutput(str(n), "complete", latency_ms=20.0 + n, first_token_ms=first and first + n)
            for n in range(40)
        ]
        return rules.measure(outputs)

    rows = {row.key: row for row in comparing.compare(side(5.0), side(9.0)).rows}
    assert rows[KEYS[0]].difference == 4.0
    assert rows[KEYS[0]].verdict == "worse"
    assert not set(KEYS) & {row.key for row in comparing.compare(side(5.0), side(None)).rows}
