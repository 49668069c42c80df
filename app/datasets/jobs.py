"""Jobs of the datasets stage."""

import asyncio
import threading

from procrastinate import RetryStrategy
from sqlalchemy.exc import OperationalError

from app.core.db import transaction
from app.datasets.near import service as near
from app.jobs.queue import queue


@queue.task(
    name="datasets.scan_near", retry=RetryStrategy(max_attempts=20, wait=5, retry_exceptions={OperationalError})
)
async def scan_near(project_id: str) -> None:
    """In a thread; when the worker is told to stop, the next worker goes on after the last committed chunk."""
    stop = threading.Event()
    try:
        await asyncio.to_thread(near.scan, project_id, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        with transaction() as session:
            near.start(session, project_id)
        raise
