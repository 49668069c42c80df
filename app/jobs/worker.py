"""Run jobs until told to stop, and take up the jobs of workers that died."""

import asyncio
import logging
from contextlib import suppress

import procrastinate

from app.core.db import conninfo
from app.jobs.queue import queue

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
RESCUE_SECONDS = 5.0
KEEP_FINISHED_HOURS = 24


async def run(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, then finish what can be finished in a grace period."""
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(), min_size=1, max_size=4)
    with queue.replace_connector(connector):
        async with queue.open_async():
            rescuer = asyncio.create_task(_rescue_for_ever())
            try:
                await queue.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=True,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    shutdown_graceful_timeout=15,
                    fetch_job_polling_interval=2,
                    abort_job_polling_interval=1,
                )
            finally:
                rescuer.cancel()
                with suppress(asyncio.CancelledError):
                    await rescuer


async def _rescue_for_ever() -> None:
    """A job whose worker stopped its heartbeat goes back to the queue; its task is fenced against the old one."""
    while True:
        try:
            for stalled in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                log.warning("taking up job %s (%s) of a worker that stopped", stalled.id, stalled.task_name)
                await queue.job_manager.retry_job(stalled)
            await queue.job_manager.delete_old_jobs(nb_hours=KEEP_FINISHED_HOURS)
        except Exception:
            log.exception("looking for stalled jobs failed; trying again")
        await asyncio.sleep(RESCUE_SECONDS)


