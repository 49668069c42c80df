"""The migrations make exactly what the models say, and the database refuses what it must refuse."""

from alembic import command

from app.core.db import make_engine
from app.core.migrate import alembic_config, head, migrate


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = make_engine(database_url, owner=True)
    with engine.begin() as connection:
        command.check(alembic_config(connection))
    engine.dispose()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == head()
