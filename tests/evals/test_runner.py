"""Runs from start to end against a provider that answers, fails and goes away."""

import pytest
from sqlalchemy import select

from app.candidates.few_shot.models import CandidateShot
from app.candidates.few_shot.rules import ERASED, named
from app.datasets.models import TestSetAccess
from app.evals.models import Grade
from app.gateway.models import Provider
from app.gateway.pacing import Pace
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.examples import factories as examples


def test_every_case_is_asked_once_and_its_output_graded(bench: Bench) -> None:
    bench.double.script.answers = {"question 1.": "no"}
    run = bench.run(3)
    assert (run.status, run.done, run.total, run.failed, run.error) == ("succeeded", 3, 3, 0, None)
    assert sorted(o.text or "" for o in bench.outputs(run)) == ["no", "yes", "yes"]
    accuracy = next(m for m in run.metrics or [] if m["key"] == "task_accuracy")
    assert (accuracy["value"], accuracy["n"]) == (pytest.approx(2 / 3), 3)
    assert [(c.state, c.attempt) for c in bench.calls(run)] == [("done", 1)] * 3
    asked = [r["headers"]["x-holdout-call"] for r in bench.double.requests]
    assert sorted(asked) == sorted(c.id for c in bench.calls(run))
    assert bench.session.query(Grade).count() == 3
    uses = bench.session.query(TestSetAccess).filter_by(run_id=run.id, kind="scored_run").count()
    assert uses == 1


def test_the_manifest_names_what_made_the_scores(bench: Bench) -> None:
    run = bench.run(1)
    manifest = run.manifest or {}
    assert manifest["candidate"]["models_returned"] == ["small-2026-01-01"]
    assert manifest["test_set"]["sha256"].startswith("sha256-")
    assert manifest["graders"][0]["name"] == "label"
    assert len(run.manifest_hash or "") == 64


def test_repeats_and_calls_at_a_time_are_kept(bench: Bench) -> None:
    bench.double.script.latency = 0.03
    run = bench.run(5, repeats=2, concurrency=4)
    assert (run.status, run.done) == ("succeeded", 10)
    assert bench.double.most_in_flight == 4
    assert len({(o.case_id, o.repeat) for o in bench.outputs(run)}) == 10


def test_the_providers_own_limit_counts_too(bench: Bench) -> None:
    bench.double.script.latency = 0.02
    narrow = factories.provider(bench.session, bench.double.base_url, at_a_time=2)
    candidate = factories.candidate(bench.session, bench.project, narrow)
    assert bench.run(6, candidate=candidate, concurrency=64).status == "succeeded"
    assert bench.double.most_in_flight == 2


def test_the_request_is_the_candidates(bench: Bench) -> None:
    provider = factories.provider(bench.session, bench.double.base_url)
    candidate = factories.candidate(
        bench.session,
        bench.project,
        provider,
        system_prompt="Be brief.",
        prompt_template="Q: {{input}} {{ 7*7 }}",
        parameters={"temperature": 0, "max_tokens": 5},
        price={"input": 1.0, "output": 2.0},
    )
    messages = [{"role": "system", "content": "old"}, {"role": "user", "content": "hi", "weight": 1, "x": 2}]
    run = bench.run(test_set=bench.test_set(1, messages=messages), candidate=candidate)
    body = bench.double.requests[0]["body"]
    assert body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Q: hi {{ 7*7 }}"},
        ],
        "temperature": 0,
        "max_tokens": 5,
    }
    assert run.cost == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)


FAULTS = [
    (["length"], "truncated", ["done"]),
    (["no_finish"], "truncated", ["done"]),
    (["429:0", "503"], "complete", ["failed", "failed", "done"]),
    (["500"], "failed", ["failed"]),
    (["html"], "failed", ["failed"]),
    (["empty"], "failed", ["failed"]),
    (["error_body"], "failed", ["failed"]),
    (["400"], "failed", ["failed"]),
    (["404"] * 3, "failed", ["failed"] * 3),
    (["429"] * 9, "failed", ["failed"] * 5),
]


@pytest.mark.parametrize(("faults", "status", "states"), FAULTS, ids=lambda value: str(value)[:24])
def test_each_fault_ends_in_a_typed_state(bench: Bench, faults: list[str], status: str, states: list[str]) -> None:
    bench.double.script.faults = {"question 0.": faults}
    run = bench.run(3)
    assert (run.status, run.done) == ("succeeded", 3)
    odd = [o for o in bench.outputs(run) if o.status != "complete"]
    assert [o.status for o in odd] == ([] if status == "complete" else [status])
    item = f"{_case(bench, 0)}:0"
    assert [c.state for c in bench.calls(run) if c.item == item] == states
    assert len(bench.double.requests) == 2 + len(states)  # nothing is sent that the ledger does not know
    accuracy = next(m for m in run.metrics or [] if m["key"] == "task_accuracy")
    assert (accuracy["value"], accuracy["n"]) == (pytest.approx((3 - len(odd)) / 3), 3)


def test_a_truncated_text_is_shown_and_never_passes(bench: Bench) -> None:
    bench.double.script.faults = {"question": ["length"]}
    run = bench.run(1)
    (output,) = bench.outputs(run)
    assert (output.text, output.finish_reason) == ("yes", "length")
    assert "token limit" in (output.error or "")
    assert [g.passed for g in bench.session.query(Grade)] == [False]


@pytest.mark.parametrize("fault", ["never", "reset", "cut", "drip"])
@pytest.mark.usefixtures("impatient")
def test_a_call_without_an_answer_waits_for_a_person(bench: Bench, fault: str) -> None:
    bench.double.script.faults = {"question 0.": [fault]}
    run = bench.run(2)
    assert (run.status, run.done, run.metrics) == ("needs_decision", 1, None)
    assert sorted(c.state for c in bench.calls(run)) == ["done", "unknown"]
    bench.work()  # nothing happens by itself
    assert len(bench.double.requests) == 2


def test_a_key_that_is_not_accepted_stops_the_run_early(bench: Bench) -> None:
    bench.double.script.faults = {"question": ["401"] * 1000}
    run = bench.run(50, concurrency=4)
    assert run.status == "failed"
    assert "scripted 401" in (run.error or "")
    assert len(bench.double.requests) < 12
    assert bench.outputs(run) == []


def test_a_provider_that_is_away_stops_the_run_and_nothing_is_lost(bench: Bench) -> None:
    away = factories.provider(bench.session, "http://127.0.0.1:9/v1")
    candidate = factories.candidate(bench.session, bench.project, away)
    run = bench.run(5, candidate=candidate)
    assert run.status == "failed"
    assert "No connection" in (run.error or "")
    assert {c.state for c in bench.calls(run)} == {"failed", "planned"}
    assert bench.outputs(run) == []


def _case(bench: Bench, position: int) -> str:
    from app.datasets.models import TestCase

    return str(bench.session.query(TestCase.id).filter_by(position=position).scalar())


def test_worked_examples_are_sent_and_named_in_the_manifest_and_an_erased_one_stops_the_run(bench: Bench) -> None:
    example = examples.add(bench.session, bench.project, status="approved", **examples.chat("Shown?", "yes"))
    shown = [{"role": "user", "content": "Shown?"}, {"role": "assistant", "content": "yes"}]
    row = {"candidate_id": bench.candidate.id, "example_id": example.id, "revision": 1, "messages": shown}
    bench.session.add(CandidateShot(position=0, **row))
    bench.session.commit()
    run = bench.run(1)
    assert bench.double.requests[0]["body"]["messages"] == [*shown, {"role": "user", "content": "question 0."}]
    assert (run.manifest or {})["candidate"]["few_shot"] == [named(example.id, 1, shown)]
    shot = bench.session.scalars(select(CandidateShot)).one()
    shot.messages = ERASED
    bench.session.commit()
    stopped = bench.run(1)
    assert stopped.status == "failed"
    assert "was erased" in (stopped.error or "")


def test_a_providers_limit_of_requests_is_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six slots are free, and at two requests a minute (of half a second) two go out in each."""
    taken: list[float] = []
    take = Pace.take
    monkeypatch.setattr("app.gateway.pacing.WINDOW", 0.5)
    monkeypatch.setattr(Pace, "take", lambda pace, now: (taken.append(now), take(pace, now))[1])
    provider = bench.session.get_one(Provider, bench.candidate.provider_id)
    provider.requests_per_minute = 2
    bench.session.commit()
    run = bench.run(6, concurrency=6)
    assert (run.status, len(bench.outputs(run)), len(taken)) == ("succeeded", 6, 6)
    assert all(later - earlier >= 0.5 for earlier, later in zip(taken, taken[2:], strict=False))
