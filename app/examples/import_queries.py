"""SQL of imports, their refused lines, and taking an import back."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Exists, column, delete, exists, func, insert, select, table, text, update
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.copy_lines import Origin
from app.examples.formats.base import Row
from app.examples.models import Example, Import, ImportRejection
from app.examples.queries import id_of_cursor
from app.web.paging import Slice, cut

# Tables of the stage above, by name: an import that is in use there is not taken back
USES = (table("dataset_version_items", column("example_id")), table("test_cases", column("example_id")))
ABANDONED = timedelta(hours=24)
# by prompt first and alone, as in ``batches``
KEPT_OUTPUTS = text("""
select r.content_hash, r.kept from unnest(cast(:units as text[])) as wanted(unit)
cross join lateral (select id, project_id, deleted_at from examples where fingerprint_unit = unit offset 0) as e
cross join lateral (
  select content_hash, extra -> 'openai_evals' as kept from revisions where example_id = e.id offset 0
) as r
where e.project_id = :project and e.deleted_at is null and r.kept is not null
""")


def get(session: Session, project_id: str, import_id: str) -> Import:
    found = None
    if is_id(import_id):
        found = session.scalar(select(Import).where(Import.project_id == project_id, Import.id == import_id))
    if found is None:
        raise NotFound("This import")
    return found


def locked(session: Session, import_id: str) -> Import | None:
    """The import, held until the transaction ends; others may still store examples that point to it."""
    held = select(Import).where(Import.id == import_id).with_for_update(key_share=True)
    return session.scalar(held.execution_options(populate_existing=True))


def another_runs(session: Session, origin: Origin) -> bool:
    """Whether the project has another import that is being stored."""
    other = exists().where(
        Import.project_id == origin.project_id, Import.status == "running", Import.id != origin.import_id
    )
    return bool(session.scalar(select(other)))


def set_size(session: Session, import_id: str, size: int) -> None:
    session.execute(update(Import).where(Import.id == import_id).values(bytes_total=size))


def page(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[Import]:
    """Started imports, newest first."""
    query = select(Import).where(Import.project_id == project_id, Import.status != "uploaded")
    after = id_of_cursor(cursor)
    if after is not None:
        query = query.where(Import.id < after)
    return cut(session.scalars(query.order_by(Import.id.desc()).limit(limit + 1)).all(), limit, lambda row: (row.id,))


def uploaded(session: Session, project_id: str) -> Sequence[Import]:
    """Files that were uploaded and not started yet, newest first."""
    query = select(Import).where(Import.project_id == project_id, Import.status == "uploaded")
    return session.scalars(query.order_by(Import.id.desc()).limit(20)).all()


def take_abandoned(session: Session) -> Sequence[str]:
    """Forget uploads of the day before that nobody started; answers the names of their files."""
    old = func.now() - ABANDONED
    gone = delete(Import).where(Import.status == "uploaded", Import.created_at < old)
    return session.scalars(gone.returning(Import.stored_name)).all()


def add_rejections(session: Session, import_id: str, rows: Sequence[Row]) -> None:
    if rows:
        refused = [
            {"import_id": import_id, "line": row.line, "reason": row.reason, "excerpt": row.excerpt} for row in rows
        ]
        session.execute(insert(ImportRejection), refused)


def rejections(session: Session, import_id: str, limit: int, after: int = 0) -> Sequence[ImportRejection]:
    """Refused lines in the order of the file, from the one after row ``after``."""
    query = select(ImportRejection).where(ImportRejection.import_id == import_id, ImportRejection.id > after)
    return session.scalars(query.order_by(ImportRejection.id).limit(limit)).all()


def all_rejections(session: Session, import_id: str) -> Iterator[ImportRejection]:
    """Every refused line, fetched a thousand at a time."""
    after = 0
    while found := rejections(session, import_id, 1000, after):
        yield from found
        after = found[-1].id
        session.expunge_all()


def kept_outputs(session: Session, project_id: str, units: Sequence[str]) -> list[tuple[str, Any]]:
    """(content hash, what is kept of another console's run) of the living examples with these prompts."""
    found = session.execute(KEPT_OUTPUTS, {"units": list(units), "project": project_id})
    return [(row[0], row[1]) for row in found]


def in_use() -> Exists:
    """Whether an example stands in a dataset version or a test set."""
    first, second = (exists().where(used.c.example_id == Example.id) for used in USES)
    return first | second  # type: ignore[return-value]


def living(session: Session, import_id: str) -> tuple[int, int]:
    """(examples of the import that are not deleted, those of them in a version or a test set)."""
    row = session.execute(
        select(func.count(), func.count().filter(in_use()))
        .select_from(Example)
        .where(Example.import_id == import_id, Example.deleted_at.is_(None))
    ).one()
    return row[0], row[1]


def remove_examples(session: Session, import_id: str) -> int:
    """Delete (softly) the import's examples that are not in use. Answers how many."""
    gone = (
        update(Example)
        .where(Example.import_id == import_id, Example.deleted_at.is_(None), ~in_use())
        .values(deleted_at=func.now())
        .returning(Example.id)
    )
    return len(session.scalars(gone).all())
