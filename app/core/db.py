"""Engine, sessions and the declarative base. One transaction per request and per job, committed at the edge."""

import logging
import select
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
import psycopg
from sqlalchemy import DateTime, Engine, MetaData, Text, Uuid, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from app.core.settings import get_settings

APP_ROLE = "holdout_app"
log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own declaration)
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


Id = Uuid(as_uuid=False)


def dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def conninfo(url: str | None = None, *, owner: bool = False) -> str:
    """A libpq URL. Unless ``owner``, sessions take the restricted role, which cannot change what is sealed."""
    parsed = make_url(url or database_url()).set(drivername="postgresql")
    if not owner and _has_app_role(parsed.render_as_string(hide_password=False)):
        parsed = parsed.update_query_dict({"options": f"-crole={APP_ROLE}"})
    return parsed.render_as_string(hide_password=False)


@lru_cache
def _has_app_role(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select exists(select from pg_roles where rolname = %s) "
            "and (select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = %s)",
            (APP_ROLE, APP_ROLE),
        ).fetchone()
    found = bool(row and row[0])
    if not found:
        log.warning("The database role %s is missing or not ours to take: running as the owner.", APP_ROLE)
    return found


def database_url() -> str:
    url = get_settings().database_url
    if not url:
        raise RuntimeError("No database: start one with `holdout up`, or set HOLDOUT_DATABASE_URL.")
    return url


def make_engine(url: str | None = None, *, owner: bool = False, pool_size: int = 20) -> Engine:
    engine = create_engine(
        make_url(conninfo(url, owner=owner)).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=20,
        pool_timeout=10,
        json_serializer=dumps,
        json_deserializer=orjson.loads,
    )
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _refuse_dead(connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
    """A server that went away has closed its end: an idle connection then has something to read. Seen without a
    question to the server, which a ping would cost every request; the pool opens another connection."""
    if connection.closed or _has_something_to_read(connection.fileno()):
        raise DisconnectionError("the server closed this connection")


def _has_something_to_read(descriptor: int) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


@lru_cache
def get_engine() -> Engine:
    return make_engine()


@lru_cache
def session_factory() -> sessionmaker[Session]:
    return sessionmaker(get_engine(), expire_on_commit=False)


@lru_cache
def reading_factory() -> sessionmaker[Session]:
    """Sessions for what only reads. Each statement sees what was committed before it, as in a transaction here, without
    the two questions to the server that begin and end one."""
    return sessionmaker(get_engine().execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """One session, one transaction: commits at the end, rolls back on an exception."""
    with session_factory().begin() as session:
        yield session


def psycopg_connection(session: Session) -> psycopg.Connection[Any]:
    """The driver's connection under the session's transaction, for COPY and for the job queue."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("the session does not run on psycopg")
    return driver


@contextmanager
def planned_for_its_values(session: Session) -> Iterator[None]:
    """The queries inside are planned each time, for the values they carry, and no plan of them is kept on the server.

    For what the best plan depends on: psycopg prepares what it sees often, and PostgreSQL then plans once for all.
    """
    driver = psycopg_connection(session)
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def forget_engine() -> None:
    """Close pools and forget the engine: tests and forked processes start anew."""
    if get_engine.cache_info().currsize:
        get_engine().dispose()
    for cached in (get_engine, session_factory, reading_factory, _has_app_role):
        cached.cache_clear()
