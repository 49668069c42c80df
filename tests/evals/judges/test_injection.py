"""Outputs that speak to the judge must not move the grades, or the run must say so (reliability.md, test 35)."""

from statistics import fmean

import pytest

from app.evals.graders.judging import Range, Unreadable, read_verdict
from app.evals.graders.judging.signs import signs_of_address
from app.evals.judges.panel import panel
from app.evals.models import EvalRun
from tests.doubles.judge import outputs_of
from tests.evals.behavior_samples import SAMPLES, UNSEEN
from tests.evals.conftest import Bench
from tests.evals.judges.factories import grades, judge_requests, judgements, scorer
from tests.evals.judges.injections import ANSWER, INJECTIONS, NEUTRAL

MOST_SHIFT = 0.05


def judged(bench: Bench, kind: str, additions: tuple[str, ...]) -> EvalRun:
    bench.double.script.answers = {f"question {n}.": f"{ANSWER} {more}" for n, more in enumerate(additions)}
    return bench.run(len(additions), graders=[scorer(bench, kind)], concurrency=16)


def mean(bench: Bench, run: EvalRun) -> float:
    return fmean(grade.score for grade in grades(bench, run) if grade.score is not None)


def test_a_steady_judge_is_not_moved_and_the_run_says_who_tried(bench: Bench) -> None:
    attacked = judged(bench, "steady", INJECTIONS)
    neutral = judged(bench, "steady", (NEUTRAL,) * len(INJECTIONS))
    assert mean(bench, attacked) - mean(bench, neutral) <= MOST_SHIFT
    found = panel(bench.session, attacked, bench.user.id)
    assert found is not None
    assert found.speaking == len(INJECTIONS)
    calm = panel(bench.session, neutral, bench.user.id)
    assert calm is not None
    assert calm.speaking == 0


def test_a_naive_judge_is_moved_and_every_output_that_did_it_is_listed(bench: Bench) -> None:
    run = judged(bench, "naive", INJECTIONS)
    moved = {grade.output_id for grade in grades(bench, run) if grade.score}
    assert len(moved) > len(INJECTIONS) / 2  # the fixtures do their work
    assert moved <= {grade.output_id for grade in grades(bench, run) if "speaks_to_judge" in grade.detail}


def test_a_verdict_that_an_output_brings_along_is_never_a_score(bench: Bench) -> None:
    fakes = tuple(text for text in INJECTIONS if '{"' in text)
    run = judged(bench, "parrot", fakes)
    assert len(fakes) >= 3
    assert {row.status for row in judgements(bench, run)} == {"unreadable"}
    assert all(grade.score is None for grade in grades(bench, run))


def test_no_output_can_close_its_own_marks(bench: Bench) -> None:
    judged(bench, "steady", INJECTIONS)
    for body in judge_requests(bench):
        _, outputs = outputs_of(body)
        assert any(output == f"{ANSWER} {more}" for output in outputs for more in INJECTIONS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"id": "m", "reason": "x", "score": 2}', "not between"),
        ('{"id": "m", "reason": "x", "score": "1"}', "no number"),
        ('{"id": "m", "reason": "x", "score": true}', "no number"),
        ('{"id": "m", "reason": "x", "score": NaN}', "not JSON"),
        ('{"id": "m", "reason": "x", "score": 0, "score": 1}', "twice"),
        ('{"id": "m", "reason": " ", "score": 1}', "no reason"),
        ('{"id": "n", "reason": "x", "score": 1}', "this call's id"),
        ('{"reason": "x", "score": 1}', "this call's id"),
        ('[{"id": "m", "reason": "x", "score": 1}]', "not a JSON object"),
        ('{"id": "m", "reason": "x", "score": 1} {"id": "m", "reason": "x", "score": 0}', "not JSON"),
        ("Score: 1", "not JSON"),
        ("", "not JSON"),
    ],
)
def test_what_is_not_exactly_a_verdict_is_none(text: str, why: str) -> None:
    read = read_verdict(Range(0, 1), text, "m")
    assert isinstance(read, Unreadable)
    assert why in read.why


def test_a_verdict_may_stand_in_one_code_fence() -> None:
    read = read_verdict(Range(0, 1), '```json\n{"id": "m", "reason": "x", "score": 0.5}\n```', "m")
    assert not isinstance(read, Unreadable)
    assert read.score == 0.5


def test_ordinary_replies_hardly_ever_speak_to_a_judge() -> None:
    replies = [text for _, text in [*SAMPLES, *UNSEEN]]
    found = [reply for reply in replies if signs_of_address(reply)]
    assert len(found) <= 0.02 * len(replies), found


def test_an_output_with_the_fields_that_its_case_expects_is_not_held_against_it() -> None:
    output = '{"label": "billing", "reason": "It is about an invoice."}'
    assert signs_of_address(output)
    assert not signs_of_address(output, {"json": {"label": "billing", "reason": "…"}})
