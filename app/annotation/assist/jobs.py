"""The job of model batches."""

from app.jobs.coming_back import ComeBack
from app.jobs.lost import resumable
from app.jobs.queue import queue

resumable("model_batches", prefix="batch:", task="annotation.model_batch", argument="batch_id")


@queue.task(name="annotation.model_batch", retry=ComeBack())
async def model_batch(batch_id: str) -> None:
    from app.annotation.assist.runner import run_batch  # the openai client is loaded where it is used

    await run_batch(batch_id)
