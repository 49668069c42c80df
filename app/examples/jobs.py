"""The job that runs an import."""

import asyncio
import threading

from app.core.db import transaction
from app.examples.importing import run_import
from app.jobs.queue import enqueue, job


@job("examples.import")
async def import_job(import_id: str) -> None:
    """In a thread; when the worker is told to stop, the next worker goes on at the last committed batch."""
    stop = threading.Event()
    try:
        await asyncio.to_thread(run_import, import_id, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        with transaction() as session:
            enqueue(session, "examples.import", key=import_id, import_id=import_id)
        raise
