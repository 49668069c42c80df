"""SQL over many examples at once."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, text, update
from sqlalchemy.orm import Session

from app.examples.chat import MAX_TAGS
from app.examples.models import BulkChange, Example
from app.examples.queries import one_of_ids

# A change of tags is a revision too: the content of the one before, with other tags
RETAG = """
with changed as (
  update examples set tags = {tags}, revision = revision + 1, updated_at = now()
  where id = any(cast(:ids as uuid[])) and deleted_at is null and {needed}
  returning id, revision, tags
)
insert into revisions (id, project_id, example_id, number, messages, tools, expected, non_preferred, extra,
                       behavior, tags, fingerprint_unit, group_unit, content_hash, author_id, reason)
select gen_random_uuid(), r.project_id, r.example_id, c.revision, r.messages, r.tools, r.expected,
       r.non_preferred, r.extra, r.behavior, c.tags, r.fingerprint_unit, r.group_unit, r.content_hash, :author, ''
from changed c join revisions r on r.example_id = c.id and r.number = c.revision - 1
returning example_id
"""
ADD = text(
    RETAG.format(tags="array_append(tags, :tag)", needed=f"not tags @> array[:tag] and cardinality(tags) < {MAX_TAGS}")
)
REMOVE = text(RETAG.format(tags="array_remove(tags, :tag)", needed="tags @> array[:tag]"))


def lock_matching(session: Session, where: Sequence[ColumnElement[bool]], limit: int) -> Sequence[Row[str, str]]:
    """(id, status) of what matches, held until the transaction ends; in one order, so that two never block each
    other for ever."""
    query = select(Example.id, Example.status).where(*where)
    return session.execute(query.order_by(Example.id).limit(limit).with_for_update()).all()


def set_status(session: Session, ids: Sequence[str], status: str, only_if: str | None = None) -> int:
    change = update(Example).where(one_of_ids(Example.id, ids), Example.deleted_at.is_(None))
    if only_if is not None:
        change = change.where(Example.status == only_if)
    changed = change.values(status=status, updated_at=func.now()).returning(Example.id)
    return len(session.scalars(changed).all())


def set_deleted(session: Session, ids: Sequence[str], deleted: bool) -> list[str]:
    """Answers the ids of those that were not so before."""
    other = Example.deleted_at.is_(None) if deleted else Example.deleted_at.is_not(None)
    change = update(Example).where(one_of_ids(Example.id, ids), other)
    changed = change.values(deleted_at=func.now() if deleted else None, updated_at=func.now()).returning(Example.id)
    return list(session.scalars(changed))


def retag(session: Session, author_id: str, ids: Sequence[str], tag: str, *, add: bool) -> list[str]:
    """A new revision with or without the tag. Answers the ids of the examples that changed."""
    values: dict[str, Any] = {"ids": list(ids), "tag": tag, "author": author_id}
    return [str(found) for found in session.scalars(ADD if add else REMOVE, values)]


def locked_change(session: Session, project_id: str, change_id: str) -> BulkChange | None:
    return session.scalar(
        select(BulkChange).where(BulkChange.project_id == project_id, BulkChange.id == change_id).with_for_update()
    )


def change(session: Session, project_id: str, change_id: str) -> BulkChange | None:
    return session.scalar(select(BulkChange).where(BulkChange.project_id == project_id, BulkChange.id == change_id))


def mark_undone(session: Session, done: BulkChange) -> None:
    done.undone_at = func.now()
    session.flush()
