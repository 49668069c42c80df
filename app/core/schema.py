"""Which schema this program needs and which one a database has. Without Alembic, which the web process never loads."""

from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@lru_cache
def needed() -> str:
    """The newest revision: files are named ``0003_rules.py`` and numbered in their order (a test compares)."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def present(connection: Connection) -> str | None:
    """The revision that the database is at. Raises where it was never migrated."""
    return connection.execute(text("select version_num from alembic_version")).scalar()
