"""A run that waits without a job gets one; one that has its job is left alone."""

from sqlalchemy import text

from app.jobs import lost
from app.worker import load_jobs
from tests.evals.conftest import Bench, bench, double  # noqa: F401 (fixtures)


def test_a_run_whose_job_ended_under_it_goes_on(bench: Bench) -> None:  # noqa: F811
    load_jobs()
    run = bench.start(2)
    assert lost.give_jobs() == 0
    bench.session.execute(text("update procrastinate_jobs set status = 'succeeded' where status = 'todo'"))
    bench.session.commit()
    assert lost.give_jobs() == 1
    assert lost.give_jobs() == 0
    bench.work()
    assert bench.fresh(run).status == "succeeded"
    assert lost.give_jobs() == 0
