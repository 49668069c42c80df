"""The request's database session: one transaction, committed before the response leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from psycopg.pq import TransactionStatus
from sqlalchemy.orm import Session

from app.core.db import psycopg_connection, session_factory


def request_session(request: Request) -> Iterator[Session]:
    with session_factory().begin() as session:
        request.state.session = session
        try:
            yield session
        finally:
            request.state.session = None


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
