"""Alembic environment. Runs on a connection that `app.core.migrate` hands over, under an advisory lock."""

from alembic import context

from app.models import metadata


def include(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, include_object=include, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
