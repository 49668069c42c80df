"""Jobs of eval runs: ``evals.run`` asks and grades, ``evals.grade`` grades stored outputs."""

from app.core.db import transaction
from app.evals.models import EvalRun
from app.jobs.coming_back import ComeBack
from app.jobs.lost import resumable
from app.jobs.queue import job, queue

resumable("eval_runs", prefix="eval-run:", task="evals.run", argument="run_id")


@queue.task(name="evals.run", retry=ComeBack())
async def run(run_id: str) -> None:
    from app.evals.runner.job import run_eval  # the openai client is loaded where it is used

    await run_eval(run_id)


@job("evals.grade")
def grade(run_id: str) -> None:
    from app.evals import grading

    with transaction() as session:
        grading.score(session, session.get_one(EvalRun, run_id, with_for_update=True))
