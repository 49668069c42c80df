"""A run that waits without a job gets one; one that has its job is left alone."""

from sqlalchemy import text

from app.jobs import lost
from app.worker import load_jobs
from tests.evals.conftest import Bench, bench, double  # noqa: F401 (fixtures)


def test_a_run_whose_job_ended_under_it_goes_on(bench: Bench) -> None:  # noqa: F811
    load_jobs()
    run = bench.start(2)
    assert lost.give_jobs() == 0
    _end_its_job(bench)
    assert lost.give_jobs() == 1
    assert lost.give_jobs() == 0
    bench.work()
    assert bench.fresh(run).status == "succeeded"
    assert lost.give_jobs() == 0


def test_a_run_that_a_dead_worker_left_without_a_job_goes_on(bench: Bench) -> None:  # noqa: F811
    load_jobs()
    run = bench.start(2)
    _end_its_job(bench)
    _held_for(bench, "1 minute")
    assert lost.give_jobs() == 0  # somebody is at it
    _held_for(bench, "-1 second")
    assert lost.give_jobs() == 1
    assert lost.give_jobs() == 0
    bench.work()
    assert bench.fresh(run).status == "succeeded"


def _end_its_job(stage: Bench) -> None:
    stage.session.execute(text("update procrastinate_jobs set status = 'succeeded' where status = 'todo'"))
    stage.session.commit()


def _held_for(stage: Bench, how_long: str) -> None:
    stage.session.execute(
        text("update eval_runs set status = 'running', lease_expires_at = clock_timestamp() + cast(:wait as interval)"),
        {"wait": how_long},
    )
    stage.session.commit()
