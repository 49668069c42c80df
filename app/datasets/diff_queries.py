"""SQL of the difference between two dataset versions: how much of each kind, and a page of one kind."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Subquery, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from app.datasets.models import DatasetVersionExclusion, DatasetVersionItem
from app.datasets.queries import after_number
from app.examples.models import Example, Revision
from app.web.paging import Slice, cut

Kind = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed")


@dataclass(frozen=True)
class Change:
    """An example that two versions treat differently; a revision is None where the version has none of it.

    ``reason``: why the newer of the two lists left it out, where it did; ``deleted``: it is gone from the project.
    """

    example_id: str
    number: int
    request: str
    here: int | None
    there: int | None
    reason: str | None
    deleted: bool


def _changes(version_id: str, against_id: str) -> Subquery:
    here, there = (
        select(DatasetVersionItem.example_id, Revision.number, Revision.id.label("revision_id"))
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.dataset_version_id == one)
        .subquery()
        for one in (version_id, against_id)
    )
    kind = case((here.c.number.is_(None), "removed"), (there.c.number.is_(None), "added"), else_="changed")
    return (
        select(
            func.coalesce(here.c.example_id, there.c.example_id).label("example_id"),
            here.c.number.label("here"),
            there.c.number.label("there"),
            kind.label("kind"),
        )
        .select_from(here)
        .join(there, there.c.example_id == here.c.example_id, full=True)
        .where(here.c.revision_id.is_distinct_from(there.c.revision_id))
        .subquery()
    )


def counts(session: Session, version_id: str, against_id: str) -> dict[str, int]:
    """How many were added, removed and changed, seen from ``against_id``."""
    found = _changes(version_id, against_id)
    rows = session.execute(select(found.c.kind, func.count()).group_by(found.c.kind)).all()
    numbers: dict[str, int] = {str(kind): number for kind, number in rows}
    return {kind: numbers.get(kind, 0) for kind in KINDS}


def page(
    session: Session, version_id: str, against_id: str, kind: Kind, cursor: str | None, limit: int
) -> Slice[Change]:
    """Changes of one kind, by the number of the example."""
    found, example, left_out = _changes(version_id, against_id), aliased(Example), aliased(DatasetVersionExclusion)
    excluded: Any = and_(left_out.dataset_version_id == version_id, left_out.example_id == found.c.example_id)
    query = (
        select(
            example.id,
            example.number,
            example.request,
            found.c.here,
            found.c.there,
            left_out.reason,
            example.deleted_at.is_not(None),
        )
        .join(example, example.id == found.c.example_id)
        .outerjoin(left_out, excluded)
        .where(found.c.kind == kind)
    )
    after = after_number(cursor)
    if after is not None:
        query = query.where(example.number > after)
    rows = [Change(*row) for row in session.execute(query.order_by(example.number).limit(limit + 1))]
    return cut(rows, limit, lambda row: (row.number,))
