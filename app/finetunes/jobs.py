"""The job that brings a fine-tune to its end. State-driven: it may be started again at any moment."""

import asyncio

from procrastinate import RetryStrategy

from app.jobs.queue import queue

# a database that is away is waited for
AGAIN = RetryStrategy(max_attempts=20, linear_wait=3, retry_exceptions=[Exception])


@queue.task(name="finetunes.run", retry=AGAIN)
async def run(fine_tune_id: str) -> None:
    """A stretch of work; then back into the queue, behind whoever waits."""
    from app.finetunes import runner, steps

    try:
        more = await runner.advance(fine_tune_id)
    except asyncio.CancelledError:
        steps.enqueue_again(fine_tune_id)  # the worker is told to stop: the next one goes on
        raise
    if more:
        await asyncio.to_thread(steps.enqueue_again, fine_tune_id)
