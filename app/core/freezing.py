"""A process that freezes inside a transaction (SIGSTOP, a machine put to sleep) must not keep its locks for ever: the
server ends its session after a while.

It takes two limits. The one for idle transactions does not run while the server waits for the rest of a pipeline; the
one for whole transactions does, from PostgreSQL 17 on. On older servers, what holds locks that others need has to go
without pipelines (``may_pipeline``).
"""

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection

WHOLE_SINCE = 170_000  # server version
IDLE = "select set_config('idle_in_transaction_session_timeout', '{idle}ms', {local})"
BOTH = IDLE + ", set_config('transaction_timeout', '{whole}ms', {local})"


def may_pipeline(connection: psycopg.Connection[object] | psycopg.AsyncConnection[object]) -> bool:
    return connection.info.server_version >= WHOLE_SINCE


def limits(
    connection: psycopg.Connection[object] | psycopg.AsyncConnection[object],
    *,
    idle: float,
    whole: float,
    local: bool = False,
) -> str:
    """SQL that limits transactions to ``idle`` seconds without a statement and to ``whole`` seconds altogether.
    ``local``: the transaction that is open, else all that follow on this connection."""
    wanted = BOTH if may_pipeline(connection) else IDLE
    return wanted.format(idle=int(idle * 1000), whole=int(whole * 1000), local="true" if local else "false")


def limit_this(session: Session, *, idle: float = 60.0, whole: float = 600.0) -> None:
    """The session's transaction, see ``limits``."""
    session.execute(text(limits(psycopg_connection(session), idle=idle, whole=whole, local=True)))
