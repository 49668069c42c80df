"""Jobs of eval runs: ``evals.run`` asks and grades, ``evals.grade`` grades stored outputs."""

import asyncio

import psycopg
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job
from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy.exc import OperationalError

from app.core.db import transaction
from app.evals.models import EvalRun
from app.evals.runner.errors import ShuttingDown, StillHeld
from app.jobs.queue import job, queue


class ComeBack(BaseRetryStrategy):
    """A run goes on after a shutdown at once, and after trouble with the database or another worker in a while."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError | ShuttingDown):
            return RetryDecision()
        if isinstance(exception, StillHeld):
            return RetryDecision(retry_in={"seconds": 5})
        if isinstance(exception, OperationalError | psycopg.OperationalError | IdleInTransactionSessionTimeout):
            return RetryDecision(retry_in={"seconds": 3})
        return None


@queue.task(name="evals.run", retry=ComeBack())
async def run(run_id: str) -> None:
    from app.evals.runner.job import run_eval  # the openai client is loaded where it is used

    await run_eval(run_id)


@job("evals.grade")
def grade(run_id: str) -> None:
    from app.evals import grading

    with transaction() as session:
        grading.score(session, session.get_one(EvalRun, run_id, with_for_update=True))
