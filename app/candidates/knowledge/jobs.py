"""The job that reads uploaded documents."""

import asyncio
import threading

from app.candidates.knowledge import work
from app.core.db import transaction
from app.jobs.queue import enqueue, job


@job("knowledge.read")
async def read_job(upload_id: str) -> None:
    """In a thread; when the worker is told to stop, the next worker goes on with the next file."""
    stop = threading.Event()
    try:
        await asyncio.to_thread(work.run, upload_id, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        with transaction() as session:
            enqueue(session, "knowledge.read", key=f"knowledge:{upload_id}", upload_id=upload_id)
        raise
