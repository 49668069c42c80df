"""Bring a database to the newest schema. Safe to run from several processes at once."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.core.db import make_engine
from app.core.schema import MIGRATIONS

LOCK = 4_860_017  # any constant: one migration at a time per database


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def migrate(url: str) -> str:
    """Upgrade to head as the owner; answers the revision reached."""
    engine = make_engine(url, owner=True, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()
    return head()


def head() -> str:
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""
