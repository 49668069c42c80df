"""SQL of dataset versions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Uuid, and_, any_, func, insert, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from app.core.ids import is_id
from app.datasets.models import DatasetVersion, DatasetVersionExclusion, DatasetVersionItem
from app.datasets.queries import after_id, after_number
from app.datasets.rules import Considered, Exclusion, Item
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.queries import conditions
from app.web.paging import Slice, cut

CHUNK = 1_000  # revisions whose content is in memory at once


@dataclass(frozen=True)
class Change:
    """An example that two versions treat differently; a revision is None where the version has none of it."""

    example_id: str
    number: int
    request: str
    here: int | None
    there: int | None


def find_version(session: Session, project_id: str, version_id: str) -> DatasetVersion | None:
    if not is_id(version_id):
        return None
    query = select(DatasetVersion).where(DatasetVersion.project_id == project_id, DatasetVersion.id == version_id)
    return session.scalar(query)


def versions(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[DatasetVersion]:
    """Newest first."""
    query = select(DatasetVersion).where(DatasetVersion.project_id == project_id)
    after = after_id(cursor)
    if after:
        query = query.where(DatasetVersion.id < after)
    rows = session.scalars(query.order_by(DatasetVersion.id.desc()).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row.id,))


def next_number(session: Session, project_id: str) -> int:
    highest = select(func.max(DatasetVersion.number)).where(DatasetVersion.project_id == project_id)
    return (session.scalar(highest) or 0) + 1


def considered(session: Session, project_id: str, wanted: ExampleFilter) -> list[Considered]:
    """Every example that the filter matches, whatever its status, in the order of their numbers."""
    prompt_side, group_side = aliased(SplitAssignment), aliased(SplitAssignment)
    query = (
        select(
            Example.id,
            Example.number,
            Example.status,
            Revision.id,
            Revision.fingerprint_unit,
            Revision.group_unit,
            Revision.content_hash,
            or_(prompt_side.split.is_distinct_from("train"), group_side.split.is_distinct_from("train")),
            Revision.messages[-1]["role"].astext == "assistant",
        )
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .outerjoin(prompt_side, _stands(prompt_side, Example.fingerprint_unit))
        .outerjoin(group_side, _stands(group_side, Example.group_unit))
        .where(*conditions(project_id, wanted.model_copy(update={"status": None})))
        .order_by(Example.number)
    )
    return [Considered(*row) for row in session.execute(query)]


def _stands(side: Any, unit: Any) -> ColumnElement[bool]:
    return and_(side.project_id == Example.project_id, side.unit == unit)


def insert_version(
    session: Session, version: DatasetVersion, items: Sequence[Item], excluded: Sequence[Exclusion]
) -> None:
    """All of it in one transaction and outside any savepoint: afterwards the database takes no more rows."""
    session.add(version)
    session.flush()
    shared = {"dataset_version_id": version.id, "project_id": version.project_id, "split": "train"}
    rows = [vars(item) | shared | {"position": position} for position, item in enumerate(items, 1)]
    session.execute(insert(DatasetVersionItem), rows)
    reasons = [{"dataset_version_id": version.id, "example_id": e.example_id, "reason": e.reason} for e in excluded]
    if reasons:
        session.execute(insert(DatasetVersionExclusion), reasons)


def revision_ids(session: Session, version_id: str) -> Sequence[str]:
    """The version's revisions in order."""
    query = select(DatasetVersionItem.revision_id).where(DatasetVersionItem.dataset_version_id == version_id)
    return session.scalars(query.order_by(DatasetVersionItem.position)).all()


def contents(session: Session, ids: Sequence[str]) -> Iterator[tuple[list[Any], list[Any] | None]]:
    """(messages, tools) of each revision, in the order of ``ids``; a part at a time is held in memory."""
    for start in range(0, len(ids), CHUNK):
        part = list(ids[start : start + CHUNK])
        query = select(Revision.id, Revision.messages, Revision.tools)
        wanted = any_(literal(part, ARRAY(Uuid(as_uuid=False))))
        found = {row[0]: (row[1], row[2]) for row in session.execute(query.where(Revision.id == wanted))}
        for revision_id in part:
            yield found[revision_id]


def items(session: Session, version_id: str, cursor: str | None, limit: int) -> Slice[Row[int, int, Revision]]:
    """(position, the example's number, revision) in order."""
    query = (
        select(DatasetVersionItem.position, Example.number, Revision)
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .join(Example, Example.id == DatasetVersionItem.example_id)
        .where(DatasetVersionItem.dataset_version_id == version_id)
    )
    after = after_number(cursor)
    if after is not None:
        query = query.where(DatasetVersionItem.position > after)
    rows = session.execute(query.order_by(DatasetVersionItem.position).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0],))


def exclusions(session: Session, version_id: str, limit: int, kind: str | None = None) -> list[Exclusion]:
    query = (
        select(DatasetVersionExclusion.example_id, Example.number, DatasetVersionExclusion.reason)
        .join(Example, Example.id == DatasetVersionExclusion.example_id)
        .where(DatasetVersionExclusion.dataset_version_id == version_id)
        .order_by(Example.number)
    )
    if kind is not None:
        query = query.where(func.split_part(DatasetVersionExclusion.reason, ":", 1) == kind)
    return [Exclusion(*row) for row in session.execute(query.limit(limit))]


def exclusion_kinds(session: Session, version_id: str) -> dict[str, int]:
    """How many were left out for which kind of reason, the commonest first."""
    kind = func.split_part(DatasetVersionExclusion.reason, ":", 1)
    number = func.count()
    query = select(kind, number).where(DatasetVersionExclusion.dataset_version_id == version_id)
    return dict(session.execute(query.group_by(kind).order_by(number.desc(), kind)).all())


def changes(session: Session, version_id: str, against_id: str) -> list[Change]:
    """What differs between two versions, by the number of the example."""
    here, there = (
        select(DatasetVersionItem.example_id, Revision.number, Revision.id.label("revision_id"))
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.dataset_version_id == one)
        .subquery()
        for one in (version_id, against_id)
    )
    example = aliased(Example)
    query = (
        select(example.id, example.number, example.request, here.c.number, there.c.number)
        .select_from(here)
        .join(there, there.c.example_id == here.c.example_id, full=True)
        .join(example, example.id == func.coalesce(here.c.example_id, there.c.example_id))
        .where(here.c.revision_id.is_distinct_from(there.c.revision_id))
        .order_by(example.number)
    )
    return [Change(*row) for row in session.execute(query)]
