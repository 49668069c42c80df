"""The request's database session: one transaction, committed before the response leaves."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from psycopg.pq import TransactionStatus
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.core.db import psycopg_connection, session_factory


async def request_session(request: Request) -> AsyncIterator[Session]:
    """Made without a thread, as it asks the database nothing until it is used; what ends it does, so that has one."""
    request.state.session = session = session_factory()()
    try:
        yield session
    except BaseException:
        request.state.session = None
        await run_in_threadpool(session.close)
        raise
    request.state.session = None
    if session.in_transaction():
        await run_in_threadpool(_commit, session)
    else:  # nothing was asked, or it is committed
        session.close()


def _commit(session: Session) -> None:
    with session:
        session.commit()


# scope="function": the commit happens before the answer is sent, so that "saved" is never said too early
SessionDep = Annotated[Session, Depends(request_session, scope="function")]


@contextmanager
def reading_session(request: Request) -> Iterator[Session]:
    """To read for what stands around a page: the request's own session while it can be read from, else a new one, as
    where an upload committed it early."""
    session: Session | None = getattr(request.state, "session", None)
    if session is not None and session.in_transaction() and session.is_active and _readable(session):
        with session.no_autoflush:  # what a refused form has half changed is not sent by looking around
            yield session
        return
    with session_factory()() as session:
        yield session


def _readable(session: Session) -> bool:
    return psycopg_connection(session).info.transaction_status is not TransactionStatus.INERROR
