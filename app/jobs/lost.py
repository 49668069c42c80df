"""Work that nobody is at and that has no job: it gets one.

A worker that was frozen and woken ends the queue's job as its own, though another worker has taken the work over since.
If that one dies then, its work is left running with no job to take it up by. And somebody who lets the work go on
between the two is told by the queue that a job waits already, and then it ends.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import text

from app.core.db import transaction
from app.jobs.queue import enqueue

log = logging.getLogger(__name__)
AT_ONCE = 100


# Left by a worker: released, or not renewed in time
EXPIRED = "(x.lease_expires_at is null or x.lease_expires_at < clock_timestamp())"


@dataclass(frozen=True)
class Resumable:
    """Rows of ``table`` that are 'queued', or 'running' and ``left`` (a condition on the row x), have a job ``task``
    under the key ``prefix`` + id; it takes the id as ``argument``."""

    table: str
    prefix: str
    task: str
    argument: str
    left: str


_kinds: dict[str, Resumable] = {}


def resumable(table: str, *, prefix: str, task: str, argument: str, left: str = EXPIRED) -> None:
    """A stage says so where it registers the task."""
    _kinds[table] = Resumable(table, prefix, task, argument, left)


def give_jobs() -> int:
    """How many rows got a job."""
    found = 0
    with transaction() as session:
        for kind in _kinds.values():
            query = text(f"""
            select x.id::text from {kind.table} x
            where (x.status = 'queued' or (x.status = 'running' and {kind.left})) and not exists (
              select from procrastinate_jobs j where j.lock = :prefix || x.id and j.status in ('todo', 'doing'))
            limit :most
            """)  # noqa: S608 (names of our own tables)
            for row_id in session.scalars(query, {"prefix": kind.prefix, "most": AT_ONCE}).all():
                log.warning("%s %s had no job", kind.table, row_id)
                enqueue(session, kind.task, key=f"{kind.prefix}{row_id}", **{kind.argument: row_id})
                found += 1
    return found
