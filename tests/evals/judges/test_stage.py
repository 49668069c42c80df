"""Judging as part of a run: paid calls like all others, verdicts or typed failures, nothing sent twice."""

import pytest
from sqlalchemy import text

from app.core.errors import Conflict, Invalid
from app.evals import service
from app.evals.models import EvalRun
from app.projects.access import Access
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.evals.judges.factories import grades, judge_requests, judgements, labeller, scorer

PRICE = {"input": 1.0, "output": 2.0}


def access(bench: Bench) -> Access:
    return Access(bench.user, bench.project, "engineer")


def go_on(bench: Bench, run: EvalRun) -> EvalRun:
    bench.session.commit()
    bench.work()
    return bench.fresh(run)


def test_each_output_is_judged_once_and_graded_by_the_verdict(bench: Bench) -> None:
    bench.double.script.answers = {"question 0.": "a good answer"}
    run = bench.run(3, graders=[scorer(bench, range=[1, 5], price=PRICE)])
    assert (run.status, run.judge_total, run.judge_done, run.judge_failed) == ("succeeded", 3, 3, 0)
    assert sorted(grade.score or 0.0 for grade in grades(bench, run)) == [0.0, 0.0, 1.0]
    assert sum(grade.passed is True for grade in grades(bench, run)) == 1
    assert "5 on 1 to 5: steady" in next(grade.reason for grade in grades(bench, run) if grade.passed)
    calls = bench.calls(run)
    assert sorted((c.purpose, c.state) for c in calls) == [("eval", "done")] * 3 + [("judge", "done")] * 3
    assert sorted(r["headers"]["x-holdout-call"] for r in bench.double.requests) == sorted(c.id for c in calls)
    assert run.judge_cost == pytest.approx(3 * (10 * 1.0 + 5 * 2.0) / 1e6)
    assert run.cost == pytest.approx(run.judge_cost)  # the candidate has no price
    cost = next(m for m in run.metrics or [] if m["key"] == "cost_per_case")
    assert cost["value"] is None  # a judge's cost is not the candidate's
    assert (run.manifest or {})["judges"] == {judgements(bench, run)[0].judge: ["judge-steady-2026-01-01"]}


def test_marks_are_other_ones_for_each_call(bench: Bench) -> None:
    bench.run(4, graders=[scorer(bench)])
    prompts = [request["messages"][0]["content"] for request in judge_requests(bench)]
    assert len({prompt.split("<<output ")[1][:8] for prompt in prompts}) == 4


@pytest.mark.parametrize(
    ("kind", "fault", "status"),
    [("prose", "ok", "unreadable"), ("steady", "length", "truncated"), ("steady", "500", "failed")],
)
def test_what_is_no_verdict_is_a_typed_failure_and_no_score(bench: Bench, kind: str, fault: str, status: str) -> None:
    run = bench.start(2, graders=[scorer(bench, kind), factories.LABEL])
    bench.double.script.faults = {"grade what stands": [fault] * 2}
    run = go_on(bench, run)
    assert (run.status, run.judge_done, run.judge_failed) == ("succeeded", 2, 2)
    assert {row.status for row in judgements(bench, run)} == {status}
    for grade in grades(bench, run):
        assert (grade.score, grade.passed) == (None, None)
        assert grade.detail["judge_failed"] == status
    accuracy = next(m for m in run.metrics or [] if m["key"] == "task_accuracy")
    assert (accuracy["n"], accuracy["not_gradable"]) == (0, 2)


def test_retrying_asks_again_only_where_there_is_no_verdict(bench: Bench) -> None:
    bench.double.script.faults = {"question 1.": ["ok", "500"]}
    run = bench.run(3, graders=[scorer(bench)])
    assert run.judge_failed == 1
    service.retry_failed(bench.session, access(bench), run)
    run = go_on(bench, run)
    assert (run.status, run.judge_failed) == ("succeeded", 0)
    assert len(judge_requests(bench)) == 4
    with pytest.raises(Conflict, match="no judgement"):
        service.retry_failed(bench.session, access(bench), run)


def test_a_judgement_without_an_answer_waits_for_a_person(bench: Bench) -> None:
    bench.double.script.faults = {"question 1.": ["ok", "reset"]}
    run = bench.run(2, graders=[scorer(bench)])
    assert (run.status, run.judge_done) == ("needs_decision", 1)
    bench.work()
    assert len(judge_requests(bench)) == 2  # nothing is sent again by itself
    service.decide_unknown(bench.session, access(bench), run, "accept")
    run = go_on(bench, run)
    assert (run.status, run.judge_done, run.judge_failed) == ("succeeded", 2, 1)
    assert len(judge_requests(bench)) == 2
    service.retry_failed(bench.session, access(bench), run)
    run = go_on(bench, run)
    assert (run.status, run.judge_failed, len(judge_requests(bench))) == ("succeeded", 0, 3)


def test_a_budget_is_kept_by_judges_too(bench: Bench) -> None:
    provider = factories.provider(bench.session, bench.double.base_url)
    priced = factories.candidate(bench.session, bench.project, provider, price={"input": 0.0, "output": 0.0})
    with pytest.raises(Invalid, match="price of every judge"):
        bench.start(2, candidate=priced, graders=[scorer(bench)], budget=1)
    dear = scorer(bench, price={"input": 100_000.0, "output": 100_000.0})
    run = bench.run(3, candidate=priced, graders=[dear], budget=0.5)
    assert (run.status, run.done, run.judge_done, len(judge_requests(bench))) == ("paused", 3, 0, 0)
    service.resume(bench.session, access(bench), run, budget=1_000)
    run = go_on(bench, run)
    assert (run.status, run.judge_done) == ("succeeded", 3)


def test_grading_again_pays_only_for_what_was_not_judged(bench: Bench) -> None:
    run = bench.run(2, graders=[factories.LABEL])
    assert judge_requests(bench) == []
    service.regrade(bench.session, access(bench), run, [scorer(bench)])
    run = go_on(bench, run)
    assert (run.status, len(judge_requests(bench))) == ("succeeded", 2)
    first = run.manifest_hash
    service.regrade(bench.session, access(bench), run, [scorer(bench, name="same words", pass_threshold=0.9)])
    run = go_on(bench, run)
    assert len(judge_requests(bench)) == 2  # the same judge, prompt and rubric: its verdicts stand
    other = scorer(bench, range=[1, 5])
    service.regrade(bench.session, access(bench), run, [other])
    run = go_on(bench, run)
    assert len(judge_requests(bench)) == 4
    service.regrade(bench.session, access(bench), run, [scorer(bench)])
    run = go_on(bench, run)
    assert len(judge_requests(bench)) == 4
    assert first != run.manifest_hash  # two judges have spoken by now


def test_only_complete_outputs_that_can_be_graded_are_paid_for(bench: Bench) -> None:
    bench.double.script.faults = {"question 0.": ["length"]}
    grader = labeller(bench, passing_labels=[], expected="{{item.expected.label}}", labels=["yes", "no"])
    test_set = bench.test_set(3)
    bench.session.execute(text("set role none"))
    bench.session.execute(text("alter table test_cases disable trigger user"))
    bench.session.execute(text("update test_cases set expected = '{}' where position = 1"))
    bench.session.commit()
    run = bench.run(test_set=test_set, graders=[grader])
    assert (run.status, run.judge_total, len(judge_requests(bench))) == ("succeeded", 1, 1)
    assert sorted(str(grade.passed) for grade in grades(bench, run)) == ["False", "None", "True"]


def test_a_judge_names_its_provider_or_is_the_only_one_with_its_model(bench: Bench) -> None:
    nameless = scorer(bench) | {"provider": None}
    with pytest.raises(Invalid, match="Say which provider"):
        bench.start(1, graders=[nameless])
    with pytest.raises(Invalid, match="No provider “elsewhere”"):
        bench.start(1, graders=[scorer(bench, provider="elsewhere")])
    bench.session.execute(text("""update providers set models = '[{"id": "judge-steady"}]'"""))
    run = bench.start(1, graders=[nameless])
    assert run.graders[0]["definition"]["provider"] == bench.candidate.provider_id


def test_uploaded_outputs_are_judged_too(bench: Bench) -> None:
    from app.evals import upload

    test_set = bench.test_set(2)
    lines = b'{"input": "question 0.", "output": "good"}\n{"input": "question 1.", "output": "poor"}'
    run = upload.store(bench.session, access(bench), "elsewhere", test_set.id, [scorer(bench)], lines)
    run = go_on(bench, run)
    assert (run.status, run.judge_done) == ("succeeded", 2)
    assert sorted(str(grade.passed) for grade in grades(bench, run)) == ["False", "True"]


def test_the_behavior_grader_may_ask_a_judge(bench: Bench) -> None:
    bench.double.script.default = "I refuse"
    judge = {key: scorer(bench)[key] for key in ("model", "provider")}
    run = bench.run(test_set=bench.test_set(1, behavior="refuse"), graders=[{"type": "behavior", "judge": judge}])
    (grade,) = grades(bench, run, "behavior")
    assert (grade.passed, grade.detail["observed"]) == (True, "refuse")
    refusal = next(m for m in run.metrics or [] if m["key"] == "refusal_correctness")
    assert refusal["value"] == 1.0


def test_the_groundedness_grader_may_ask_a_judge(bench: Bench) -> None:
    bench.double.script.default = "good"
    judge = {key: scorer(bench)[key] for key in ("model", "provider")}
    given = {"type": "groundedness", "judge": judge, "more": ["Open at nine."]}
    run = bench.run(test_set=bench.test_set(1), graders=[given])
    (grade,) = grades(bench, run, "groundedness")
    assert grade.score == grade.detail["given"]
    asked = str(judge_requests(bench)[0]["messages"])
    assert all(part in asked for part in ("question 0.", "Open at nine.", "good", "share of claims"))
    rate = next(m for m in run.metrics or [] if m["key"] == "hallucination_rate")
    assert rate["value"] == (0.0 if grade.passed else 1.0)
