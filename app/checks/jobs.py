"""Jobs of the checks: the scan of a project, and approvals that end."""

import asyncio
import threading

from procrastinate import RetryStrategy
from sqlalchemy.exc import OperationalError

from app.checks import scan, service
from app.core.clock import utcnow
from app.core.db import transaction
from app.jobs.queue import enqueue, job, queue


@queue.task(name="checks.scan", retry=RetryStrategy(max_attempts=20, wait=5, retry_exceptions={OperationalError}))
async def scan_job(project_id: str) -> None:
    """In a thread, because detectors compute; told to stop, the next worker goes on with what is not marked."""
    stop = threading.Event()
    try:
        await asyncio.to_thread(scan.run_scan, project_id, stop.is_set)
    except asyncio.CancelledError:
        stop.set()
        with transaction() as session:
            enqueue(session, "checks.scan", key=f"checks:{project_id}", project_id=project_id)
        raise


@queue.periodic(cron="*/5 * * * *")
@job("checks.end_approvals")
def end_approvals(timestamp: int) -> None:
    with transaction() as session:
        service.end_approvals(session, utcnow())
