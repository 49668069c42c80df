"""The request's database session: one transaction, committed before the response leaves."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from app.core.db import session_factory


def request_session() -> Iterator[Session]:
    with session_factory().begin() as session:
        yield session


# scope="function": the commit happens before the answer is sent, so that "saved" is never said too early
SessionDep = Annotated[Session, Depends(request_session, scope="function")]
