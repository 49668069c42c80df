"""SQL that reads findings: lists, counts, clusters, and who decided what."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.checks.forms import FindingFilter
from app.checks.models import Finding, FindingChange, FindingDecision
from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.models import Example, Revision
from app.examples.queries import id_of_cursor, one_of, one_of_ids
from app.web.paging import Slice, cut

COUNTED = 100_000


def get(session: Session, project_id: str, finding_id: str) -> Finding:
    found = None
    if is_id(finding_id):
        query = select(Finding).join(Example, Example.id == Finding.example_id)
        found = session.scalar(query.where(Finding.id == finding_id, *_living(project_id)))
    if found is None:
        raise NotFound("This finding")
    return found


def _living(project_id: str) -> list[ColumnElement[bool]]:
    return [Finding.project_id == project_id, Example.deleted_at.is_(None)]


def conditions(project_id: str, wanted: FindingFilter) -> list[ColumnElement[bool]]:
    """The filter as SQL over findings joined with their examples; those of deleted examples never match."""
    found = _living(project_id)
    for name in ("kind", "state", "code", "cluster", "example_id"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(getattr(Finding, name) == value)
    ids = getattr(wanted, "ids", None)
    if ids is not None:
        found.append(one_of_ids(Finding.id, ids))
    return found


def page(
    session: Session, project_id: str, wanted: FindingFilter, *, cursor: str | None, limit: int
) -> Slice[Row[Finding, Example]]:
    """(finding, example), in the order in which they were found."""
    query = select(Finding, Example).join(Example, Example.id == Finding.example_id)
    query = query.where(*conditions(project_id, wanted))
    after = id_of_cursor(cursor)
    if after is not None:
        query = query.where(Finding.id > after)
    rows = session.execute(query.order_by(Finding.id).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def count(
    session: Session, project_id: str, wanted: FindingFilter, limit: int | None = COUNTED, *, after: str | None = None
) -> int:
    """How many match; counting stops at ``limit`` + 1. ``after``: a finding, those found later count."""
    found = select(Finding.id).join(Example, Example.id == Finding.example_id).where(*conditions(project_id, wanted))
    if after is not None:
        found = found.where(Finding.id > after)
    if limit is not None:
        found = found.limit(limit + 1)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def matching(
    session: Session, project_id: str, wanted: FindingFilter, limit: int, *, after: str | None = None
) -> Sequence[Finding]:
    """What matches, in one order, after a finding. Hold the project's findings before (``reconcile.lock``)."""
    query = select(Finding).join(Example, Example.id == Finding.example_id).where(*conditions(project_id, wanted))
    if after is not None:
        query = query.where(Finding.id > after)
    query = query.order_by(Finding.id).limit(limit).execution_options(populate_existing=True)
    return session.scalars(query).all()


def summary(session: Session, project_id: str) -> Sequence[Row[str, str, str, int, int]]:
    """(kind, code, state, findings, examples) of what is open or accepted."""
    query = (
        select(Finding.kind, Finding.code, Finding.state, func.count(), func.count(Finding.example_id.distinct()))
        .join(Example, Example.id == Finding.example_id)
        .where(*_living(project_id), Finding.state != "resolved")
        .group_by(Finding.kind, Finding.code, Finding.state)
    )
    return session.execute(query).all()


def open_examples(session: Session, project_id: str) -> dict[str, int]:
    """How many examples have an open finding of each kind: one example with three addresses counts once."""
    kind = func.unnest(Example.findings).label("kind")
    inner = select(kind).where(Example.project_id == project_id, Example.deleted_at.is_(None), Example.findings != [])
    rows = inner.subquery()
    return dict(session.execute(select(rows.c.kind, func.count()).group_by(rows.c.kind)).all())


def of_example(session: Session, example_id: str) -> Sequence[Finding]:
    """What is open or accepted in one example, and what a person resolved lately stays out."""
    query = select(Finding).where(Finding.example_id == example_id, Finding.state != "resolved")
    return session.scalars(query.order_by(Finding.message_index.nulls_last(), Finding.start, Finding.id)).all()


def clusters(
    session: Session, project_id: str, wanted: FindingFilter, *, after: str | None, limit: int
) -> Sequence[str]:
    """Clusters with a finding that matches, in the order of their names."""
    query = select(Finding.cluster).join(Example, Example.id == Finding.example_id)
    query = query.where(*conditions(project_id, wanted), Finding.cluster.is_not(None))
    if after is not None:
        query = query.where(Finding.cluster > after)
    return [one for one in session.scalars(query.distinct().order_by(Finding.cluster).limit(limit)) if one]


def in_clusters(
    session: Session, project_id: str, kind: str, state: str, clusters: Collection[str]
) -> Sequence[Finding]:
    query = select(Finding).where(
        Finding.project_id == project_id,
        Finding.kind == kind,
        Finding.state == state,
        one_of(Finding.cluster, clusters),
    )
    return session.scalars(query.order_by(Finding.cluster, Finding.id)).all()


def contents(session: Session, project_id: str, ids: Collection[str]) -> dict[str, Row[Example, Revision]]:
    """(example, current revision) by id; deleted ones are not there."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    query = select(Example, Revision).join(Revision, current)
    query = query.where(Example.project_id == project_id, Example.deleted_at.is_(None), one_of_ids(Example.id, ids))
    return {row[0].id: row for row in session.execute(query)}


def decisions(session: Session, finding_ids: Collection[str]) -> dict[str, Row[FindingDecision, Any]]:
    """The latest (decision, name of the person or None) by finding."""
    query = (
        select(FindingDecision, User.name)
        .outerjoin(User, User.id == FindingDecision.user_id)
        .where(one_of_ids(FindingDecision.finding_id, finding_ids))
        .ext(distinct_on(FindingDecision.finding_id))
        .order_by(FindingDecision.finding_id, FindingDecision.id.desc())
    )
    return {row[0].finding_id: row for row in session.execute(query)}


def change(session: Session, project_id: str, change_id: str, *, lock: bool = False) -> FindingChange | None:
    if not is_id(change_id):
        return None
    query = select(FindingChange).where(FindingChange.project_id == project_id, FindingChange.id == change_id)
    return session.scalar(query.with_for_update() if lock else query)
