"""What every command needs: settings that explain themselves, a database, errors in one line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from pydantic import ValidationError

from app.core.settings import Settings, get_settings


def fail(message: str, code: int = 1) -> NoReturn:
    print(f"holdout: {message}", file=sys.stderr)
    raise SystemExit(code)


def settings_or_fail() -> Settings:
    try:
        return get_settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "SETTINGS"
        name = name if name.startswith(("HOLDOUT_", "OPENAI_")) else f"HOLDOUT_{name}"
        fail(f"{name}: {str(first['msg']).removeprefix('Value error, ')}")


def settings_for(host: str | None, port: int | None) -> Settings:
    """The settings, with what the command line says of them, for this process and its children: links that leave the
    instance name host and port."""
    os.environ |= {"HOLDOUT_HOST": host} if host else {}
    os.environ |= {"HOLDOUT_PORT": str(port)} if port else {}
    get_settings.cache_clear()
    return settings_or_fail()


@contextmanager
def friendly() -> Iterator[None]:
    """Known errors become one line; a bug keeps its traceback."""
    from psycopg.errors import UndefinedTable
    from sqlalchemy.exc import ProgrammingError

    from app.core.errors import HoldoutError

    try:
        yield
    except HoldoutError as error:
        fail(str(error))
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedTable):
            raise
        fail(
            "this database has no tables yet: `holdout migrate` makes them, or set HOLDOUT_HOME or HOLDOUT_DATABASE_URL"
        )
    except PermissionError as error:
        fail(f"no permission for {error.filename}: run as its owner, or set HOLDOUT_HOME to a folder of yours")
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))


@contextmanager
def one_database(settings: Settings) -> Iterator[str]:
    """The owner's URL of the database: the configured one, the embedded one that runs, or one started for us."""
    if settings.database_url:
        yield settings.database_url
        return
    from app.core.postgres import EmbeddedPostgres, EmbeddedPostgresError

    server = EmbeddedPostgres(settings.home)
    try:
        url = server.start()
    except EmbeddedPostgresError as error:
        fail(str(error))
    try:
        os.environ["HOLDOUT_DATABASE_URL"] = url
        get_settings.cache_clear()
        yield url
    finally:
        server.stop()
