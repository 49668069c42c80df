"""Workers that are told to stop, and workers that the database has forgotten."""

import subprocess
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from app.evals.models import EvalRun
from tests.evals import factories
from tests.faults.stage import Stage, double, set_up, start_worker


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with double("--latency", "0.3") as base_url, set_up(base_url, at_a_time=8, durable=False) as stage:
        yield stage


def begin(stage: Stage, cases: int) -> EvalRun:
    test_set = factories.sealed_set(stage.session, stage.project, cases)
    return factories.start(stage.session, stage.user, stage.project, stage.candidate, test_set, concurrency=8)


def wait_until(stage: Stage, run: EvalRun, done: int, status: str = "running") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        stage.session.rollback()
        stage.session.refresh(run)
        if run.done >= done and run.status == status:
            return
        time.sleep(0.05)
    raise AssertionError((run.status, run.done, run.error))


def states(stage: Stage, run: EvalRun) -> dict[str, int]:
    query = text("select state, count(*) from paid_calls where subject_id = :run group by state")
    return {row[0]: row[1] for row in stage.session.execute(query, {"run": run.id})}


def test_a_worker_that_is_told_to_stop_leaves_nothing_unknown(stage: Stage) -> None:
    run = begin(stage, 160)
    worker = start_worker()
    wait_until(stage, run, 4)
    asked = time.monotonic()
    worker.terminate()
    assert worker.wait(15) == 0
    assert time.monotonic() - asked < 5
    assert set(states(stage, run)) == {"done", "planned"}
    other = start_worker()
    try:
        wait_until(stage, run, 160, "succeeded")
    finally:
        other.terminate()
        other.wait(15)


def test_a_worker_that_was_given_up_begins_anew(stage: Stage) -> None:
    """As after a laptop slept: another worker took this one's registration away."""
    worker: subprocess.Popen[bytes] = start_worker()
    try:
        wait_until(stage, begin(stage, 1), 1, "succeeded")
        stage.session.execute(text("delete from procrastinate_workers"))
        stage.session.commit()
        wait_until(stage, begin(stage, 1), 1, "succeeded")
        assert worker.poll() is None
    finally:
        worker.terminate()
        worker.wait(15)
