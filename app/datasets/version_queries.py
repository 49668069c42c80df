"""SQL of dataset versions."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, Row, Select, cast, func, select
from sqlalchemy.orm import Session

from app.core.db import Id
from app.core.ids import is_id
from app.datasets.formats import Record
from app.datasets.models import DatasetVersion, DatasetVersionExclusion, DatasetVersionItem
from app.datasets.plan_queries import PLAN
from app.datasets.queries import after_id, after_number
from app.datasets.rules import Exclusion
from app.examples.models import Example, Revision
from app.examples.rules import group_name
from app.web.paging import Slice, cut

CHUNK = 500  # rows whose content is in memory at once


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


def insert_version(session: Session, version: DatasetVersion) -> None:
    session.add(version)
    session.flush()


def records(session: Session, version_id: str) -> Iterator[Record]:
    """The version's rows in order, with all that was frozen of them; a part at a time is held in memory."""
    query = _content().join(DatasetVersionItem, DatasetVersionItem.revision_id == Revision.id)
    query = query.where(DatasetVersionItem.dataset_version_id == version_id).order_by(DatasetVersionItem.position)
    return _records(session, query)


def records_of(session: Session, revision_ids: Sequence[str]) -> Iterator[Record]:
    """What a version of these revisions holds, in their order."""
    listed = func.unnest(cast(list(revision_ids), ARRAY(Id)))
    given = listed.table_valued("id", with_ordinality="place").render_derived("given")
    query = _content().join(given, given.c.id == Revision.id).order_by(given.c.place)
    return _records(session, query)


def paired(session: Session, version_id: str) -> int:
    """How many of the version's rows have an answer that was not preferred."""
    query = select(func.count()).select_from(DatasetVersionItem)
    query = query.join(Revision, Revision.id == DatasetVersionItem.revision_id)
    query = query.where(DatasetVersionItem.dataset_version_id == version_id, Revision.non_preferred.is_not(None))
    return session.scalar(query) or 0


def planned_records(session: Session) -> Iterator[Record]:
    """What the plan of this transaction would freeze, in order."""
    query = _content().join(PLAN, PLAN.c.revision_id == Revision.id).where(PLAN.c.position.is_not(None))
    return _records(session, query.order_by(PLAN.c.position))


def _content() -> Select[Any]:
    columns = (Example.number, Revision.messages, Revision.tools, Revision.non_preferred, Revision.expected)
    others = (Revision.behavior, Revision.tags, Revision.group_unit, Example.source, Revision.extra)
    return select(*columns, *others).join(Example, Example.id == Revision.example_id)


def _records(session: Session, query: Select[Any]) -> Iterator[Record]:
    for row in session.execute(query.execution_options(yield_per=CHUNK)):
        number, messages, tools, other, expected, behavior, tags, group_unit, source, extra = row
        yield Record(
            number, messages, tools, other, expected, behavior, tuple(tags), group_name(group_unit), source, extra
        )


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


def erased_rows(session: Session, version_id: str) -> int:
    query = (
        select(func.count())
        .select_from(DatasetVersionItem)
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.dataset_version_id == version_id, Revision.erasure_id.is_not(None))
    )
    return session.scalar(query) or 0


def exclusions(session: Session, version_id: str, limit: int, kind: str | None = None) -> list[Exclusion]:
    query = _exclusions(version_id)
    if kind is not None:
        query = query.where(func.split_part(DatasetVersionExclusion.reason, ":", 1) == kind)
    return [Exclusion(one, number, why) for one, number, why in session.execute(query.limit(limit))]


def _exclusions(version_id: str) -> Select[str, int, str]:
    return (
        select(DatasetVersionExclusion.example_id, Example.number, DatasetVersionExclusion.reason)
        .join(Example, Example.id == DatasetVersionExclusion.example_id)
        .where(DatasetVersionExclusion.dataset_version_id == version_id)
        .order_by(Example.number)
    )


def all_exclusions(session: Session, version_id: str) -> Iterator[Exclusion]:
    """In the order of their numbers; a part at a time is held in memory."""
    query = _exclusions(version_id).execution_options(yield_per=CHUNK)
    return (Exclusion(one, number, why) for one, number, why in session.execute(query))


def exclusion_kinds(session: Session, version_id: str) -> dict[str, int]:
    """How many were left out for which kind of reason, the commonest first."""
    kind = func.split_part(DatasetVersionExclusion.reason, ":", 1)
    number = func.count()
    query = select(kind, number).where(DatasetVersionExclusion.dataset_version_id == version_id)
    return dict(session.execute(query.group_by(kind).order_by(number.desc(), kind)).all())
