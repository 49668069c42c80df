"""The job of tries."""

from app.jobs.coming_back import ComeBack
from app.jobs.queue import queue


@queue.task(name="evals.try_grader", retry=ComeBack())
async def try_grader(try_id: str) -> None:
    from app.evals.tries.asking import run_try  # the client of providers is loaded where it is used

    await run_try(try_id)
