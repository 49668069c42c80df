"""Grades come while the run goes on, and are those that grading at the end would have given."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.evals import graded, service
from app.evals.manifest import digest
from app.evals.models import EvalRun, Grade, Output
from app.evals.runner import along, job
from app.projects.access import Access
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.evals.judges.factories import scorer

BEHAVED = {"type": "behavior", "name": "behaved"}


def rows(bench: Bench, run: EvalRun) -> list[tuple[Any, ...]]:
    columns = (Output.case_id, Grade.grader, Grade.metric, Grade.score, Grade.passed, Grade.reason, Grade.detail)
    query = select(*columns).join(Grade, Grade.output_id == Output.id).where(Output.run_id == run.id)
    return sorted((tuple(row) for row in bench.session.execute(query)), key=lambda row: row[:2])


@pytest.fixture
def at_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many grades stood when the run had its last answer."""
    monkeypatch.setattr(along, "EVERY_SECONDS", 0.01)
    found: list[int] = []
    score = job._score

    def look(run_id: str, lease: int) -> None:
        bench.session.rollback()
        found.append(bench.session.scalar(select(func.count()).select_from(Grade)) or 0)
        score(run_id, lease)

    monkeypatch.setattr(job, "_score", look)
    return found


def test_outputs_are_graded_as_they_come(bench: Bench, at_the_end: list[int]) -> None:
    bench.double.script.latency = 0.05
    bench.double.script.faults = {"question 3.": ["length"], "question 4.": ["500"]}
    run = bench.run(20, graders=[factories.LABEL, BEHAVED], concurrency=2)
    assert run.status == "succeeded"
    assert at_the_end[0] >= 20
    first, metrics, manifest = rows(bench, run), run.metrics, run.manifest_hash
    assert len(first) == 40
    service.regrade(bench.session, Access(bench.user, bench.project, "engineer"), run, [factories.LABEL, BEHAVED])
    bench.session.commit()
    bench.work()
    run = bench.fresh(run)
    assert rows(bench, run) == first
    assert (run.metrics, run.manifest_hash) == (metrics, manifest)


def test_a_judges_grade_waits_for_its_verdict(bench: Bench, at_the_end: list[int]) -> None:
    bench.double.script.latency = 0.05
    run = bench.run(10, graders=[factories.LABEL, scorer(bench)], concurrency=2)
    found = rows(bench, run)
    assert len(found) == 20
    assert all("steady" in row[5] for row in found if row[1] == "judge")


def test_grades_of_other_graders_do_not_stay(bench: Bench, at_the_end: list[int]) -> None:
    access = Access(bench.user, bench.project, "engineer")
    run = bench.run(2, graders=[factories.LABEL])
    wrong = factories.LABEL | {"operation": "ne"}
    service.regrade(bench.session, access, run, [wrong, scorer(bench)])
    bench.session.commit()
    bench.work()
    by_label = {row[4] for row in rows(bench, bench.fresh(run)) if row[1] == "label"}
    assert by_label == {False}


def test_an_error_while_grading_along_is_met_again_at_the_end(
    bench: Bench, at_the_end: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(graded, "grade", broken)
    run = bench.run(3, graders=[factories.LABEL])
    assert run.status == "succeeded"  # the end grades by itself what did not come along
    assert at_the_end == [0]
    assert len(rows(bench, run)) == 3
    assert digest(run.manifest) == run.manifest_hash
