"""The migrations make exactly what the models say, and the database refuses what it must refuse."""

from alembic import command

from app.core.db import make_engine
from app.core.migrate import alembic_config, head, migrate
from app.core.schema import needed


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = make_engine(database_url, owner=True)
    with engine.begin() as connection:
        command.check(alembic_config(connection))
    engine.dispose()


def test_the_web_knows_the_newest_revision_without_alembic() -> None:
    assert needed() == head()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    assert migrate(database_url) == head()
