"""The job queue: Postgres through procrastinate. One job per chunk of work, never one per row.

A job is enqueued in the transaction of the row that needs it, may run more than once (a killed worker's job is
taken up again), and so must be idempotent and fenced.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from psycopg.pq import TransactionStatus
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection

# Connected by the worker.
queue = procrastinate.App(connector=procrastinate.PsycopgConnector())
# Never connected: jobs are added on a session's own connection. Apart from ``queue``, whose connector is an
# asynchronous one inside a worker and would not take a session's connection there.
adding = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
F = TypeVar("F", bound=Callable[..., Any])


def job(name: str) -> Callable[[F], Any]:
    """Register a function, sync (runs in a thread) or async, under a name that never changes."""
    return queue.task(name=name, pass_context=False)


def enqueue(session: Session, name: str, *, key: str | None = None, delay: float = 0, **arguments: Any) -> None:
    """Add a job in the session's transaction. At most one waiting job, and one running, per ``key``.

    It begins after ``delay`` seconds at the earliest.
    """
    connection = psycopg_connection(session)
    if connection.info.transaction_status is TransactionStatus.IDLE:
        connection.execute("select 1")  # begins the session's transaction, else the one below would be the whole
    wait: dict[str, Any] = {"schedule_in": {"milliseconds": int(delay * 1000)}} if delay else {}
    adder = adding.configure_task(
        name, lock=key, queueing_lock=key, connection=connection, task_kwargs=arguments, **wait
    )
    try:
        # The driver's savepoint and not the session's, which would stay open after the error: what is written behind
        # it would no longer look like the same transaction's work
        with connection.transaction():
            adder.defer()
    except AlreadyEnqueued:
        return  # the waiting job will see what this one would have


AT_COMMIT = "jobs_at_commit"
WAITING = text("select 1 from procrastinate_jobs where queueing_lock = :key and status = 'todo'")


def enqueue_at_commit(session: Session, name: str, *, key: str, delay: float = 0, **arguments: Any) -> None:
    """Add a job as the very last thing of the transaction, once per key, unless one waits already.

    For work that many small transactions ask for at the same moment: two that add the same key wait for each other,
    and so near the end they neither wait long nor hold what the other still needs.
    """
    session.info.setdefault(AT_COMMIT, {})[key] = (name, delay, arguments)


@event.listens_for(Session, "before_commit")
def _enqueue_waiting(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for key, (name, delay, arguments) in sorted(session.info.pop(AT_COMMIT, {}).items()):
        session.flush()
        if session.scalar(WAITING, {"key": key}) is None:
            enqueue(session, name, key=key, delay=delay, **arguments)
