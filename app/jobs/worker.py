"""Run jobs until told to stop, and take up the jobs of workers that died."""

import asyncio
import logging
import signal
import time
from contextlib import suppress

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from app.core.db import conninfo
from app.jobs import lost
from app.jobs.queue import queue
from app.jobs.stopping import tell_jobs

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 12.0
RESCUE_SECONDS = 5.0
LOST_SECONDS = 30.0
KEEP_FINISHED_HOURS = 24
GRACE_SECONDS = 15.0  # for jobs that are under way when the worker is told to stop
ANEW_SECONDS = 1.0


async def run(concurrency: int) -> None:
    """Work until SIGTERM or SIGINT, then finish what can be finished in a grace period.

    While the database is away, or after it has given this worker up (a machine that slept), it begins anew.
    """
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        tell_jobs()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    while not stopping.is_set():
        try:
            await _work_until(stopping, concurrency)
        except (ConnectorException, psycopg.OperationalError) as error:
            log.warning("the queue cannot be worked on (%s): beginning anew", error.__cause__ or error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), ANEW_SECONDS)


async def _work_until(stopping: asyncio.Event, concurrency: int) -> None:
    connector = procrastinate.PsycopgConnector(conninfo=conninfo(), min_size=1, max_size=4)
    with queue.replace_connector(connector):
        async with queue.open_async():
            rescuing = asyncio.create_task(_rescue_for_ever())
            told = asyncio.create_task(stopping.wait())
            working = asyncio.create_task(
                queue.run_worker_async(
                    concurrency=concurrency,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    fetch_job_polling_interval=2,
                    abort_job_polling_interval=1,
                )
            )
            try:
                await asyncio.wait([working, told], return_when=asyncio.FIRST_COMPLETED)
                working.cancel()  # the queue takes this as a request to end gracefully
                with suppress(asyncio.CancelledError):
                    await working
            finally:
                rescuing.cancel()
                told.cancel()
                await asyncio.gather(rescuing, told, return_exceptions=True)


async def _rescue_for_ever() -> None:
    """A job whose worker stopped its heartbeat goes back to the queue; its task is fenced against the old one."""
    looked = 0.0
    while True:
        try:
            if time.monotonic() - looked > LOST_SECONDS:
                looked = time.monotonic()
                await asyncio.to_thread(lost.give_jobs)
            for stalled in await queue.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                await _take_up(stalled)
            await queue.job_manager.delete_old_jobs(nb_hours=KEEP_FINISHED_HOURS)
        except Exception:
            log.exception("looking for stalled jobs failed; trying again")
        await asyncio.sleep(RESCUE_SECONDS)


async def _take_up(stalled: Job) -> None:
    log.warning("taking up job %s (%s) of a worker that stopped", stalled.id, stalled.task_name)
    try:
        await queue.job_manager.retry_job(stalled)
    except UniqueViolation:
        # the same work waits in another job, which the lock of this one would hold up for ever
        await queue.job_manager.finish_job(stalled, Status.ABORTED, delete_job=False)
    except ConnectorException:
        log.info("job %s was taken up by another worker, or has ended after all", stalled.id)
