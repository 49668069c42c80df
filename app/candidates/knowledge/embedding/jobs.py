"""The job of embeddings."""

from app.jobs.coming_back import ComeBack
from app.jobs.lost import resumable
from app.jobs.queue import queue

TASK = "knowledge.embed"
PREFIX = "embedding:"
# It has no lease that expires: where a worker is still at it, the new job takes the work from it
resumable("knowledge_embeddings", prefix=PREFIX, task=TASK, argument="embedding_id", left="true")


@queue.task(name=TASK, retry=ComeBack())
async def embed(embedding_id: str) -> None:
    from app.candidates.knowledge.embedding.runner import run  # the client of providers is loaded where it is used

    await run(embedding_id)
