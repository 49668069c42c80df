"""What the worker must know of the playground: its kind of model batch, and the job of its judges."""

from app.annotation.assist.kinds import register
from app.evals.playground.kind import PLAYGROUND
from app.jobs.coming_back import ComeBack
from app.jobs.queue import queue

register(PLAYGROUND)


@queue.task(name="evals.judge_playground", retry=ComeBack())
async def judge_playground(judging_id: str) -> None:
    from app.evals.playground.judging_work import run_judging  # the client of providers is loaded where it is used

    await run_judging(judging_id)
