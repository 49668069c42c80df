"""Statements that are built once and shared by all threads, and figures that stand in their text."""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache, wraps
from threading import RLock
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, literal_column
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.base import object_state

from app.core.db import Base, dumps, psycopg_connection

Row = TypeVar("Row", bound=Base)
Built = TypeVar("Built", bound=Callable[..., Any])

DIALECT = psycopg.dialect()  # type: ignore[no-untyped-call]
_building = RLock()


def built_once(build: Built) -> Built:
    """Remember the statement for each set of arguments, compiled once before any thread has it.

    A statement's parts make their columns when they are first compiled, and two threads that do so at once make two
    sets of them: with a CTE that inserts and returns, the rows of one were then sought under the columns of the other.
    """

    @lru_cache(256)
    def compiled(*args: Hashable) -> Any:
        statement = build(*args)
        statement.compile(dialect=DIALECT)
        return statement

    @wraps(build)
    def ask(*args: Hashable) -> Any:
        with _building:
            return compiled(*args)

    return ask  # type: ignore[return-value]


def number(n: int) -> ColumnElement[int]:
    """A limit, or a bound of a series, that stands in the text.

    As a parameter PostgreSQL does not know it when it plans once for all values, takes it for a tenth of the table, and
    therefore plans the statement anew each time.
    """
    return literal_column(str(int(n)), Integer)


def one_row(session: Session, statement: Any, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of what a shared statement gives, as the driver hands values over: ids come as UUID. Of what is
    given, mappings are sent as JSON.

    For what every decision asks, where the ORM takes three times as long as the database.
    """
    session.flush()
    sql, fixed = _sent(statement)
    sent = {name: dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
    return psycopg_connection(session).execute(sql, fixed | sent).fetchone()


def as_loaded(session: Session, model: type[Row], values: Mapping[str, Any]) -> Row:
    """A row that a statement of ``one_row`` has written or read, as if the ORM had: what is not given is read when it
    is asked for. Where the session has it already, that one is brought up to date."""
    one = model(**values)
    make_transient_to_detached(one)
    key = object_state(one).key
    known: Row | None = session.identity_map.get(key) if key else None
    if known is not None:
        session.refresh(known)
        return known
    session.add(one)
    return one


@lru_cache(256)
def _sent(statement: Any) -> tuple[Any, dict[str, Any]]:
    compiled = statement.compile(dialect=DIALECT)
    return str(compiled), compiled.params
