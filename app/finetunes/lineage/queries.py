"""SQL of lineage. Each answers for one page of rows, or for one example."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import AuditEvent, User
from app.annotation.models import Annotation
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import DatasetVersion, DatasetVersionItem, TestCase, TestSet
from app.datasets.queries import after_number
from app.examples.models import Example, Import, Revision
from app.examples.queries import one_of_ids
from app.finetunes.lineage.approvals import Sign
from app.finetunes.models import FineTune
from app.web.paging import Slice, cut

TOGETHER = text("""
select listed.id, users.name, b.created_at
from bulk_changes b
cross join lateral jsonb_each(b.before) as before(status, ids)
cross join lateral jsonb_array_elements_text(before.ids) as listed(id)
left join users on users.id = b.created_by
where b.project_id = :project and b.action = 'approve' and b.undone_at is null and b.created_at <= :until
  and before.ids ?| cast(:ids as text[]) and listed.id = any(cast(:ids as text[]))
""")


@dataclass(frozen=True)
class Origin:
    """A row of a version: the frozen revision, and where the example came from."""

    position: int
    example_id: str
    number: int
    revision: int
    request: str
    author: str | None
    file: str | None
    source: str | None
    deleted_at: datetime | None


def origins(session: Session, version_id: str, cursor: str | None, limit: int) -> Slice[Origin]:
    query = (
        select(
            DatasetVersionItem.position,
            Example.id,
            Example.number,
            Revision.number,
            Example.request,
            User.name,
            Import.file_name,
            Example.source,
            Example.deleted_at,
        )
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .join(Example, Example.id == DatasetVersionItem.example_id)
        .outerjoin(User, User.id == Revision.author_id)
        .outerjoin(Import, Import.id == Example.import_id)
        .where(DatasetVersionItem.dataset_version_id == version_id)
    )
    after = after_number(cursor)
    if after is not None:
        query = query.where(DatasetVersionItem.position > after)
    rows = [Origin(*row) for row in session.execute(query.order_by(DatasetVersionItem.position).limit(limit + 1))]
    return cut(rows, limit, lambda row: (row.position,))


def signs(session: Session, project_id: str, example_ids: Sequence[str], until: datetime) -> list[Sign]:
    """Every recorded approval of these examples before ``until``; opinions that wait for others are none."""
    reviewed = (
        select(Annotation.example_id, User.name, Annotation.created_at, Annotation.revision)
        .outerjoin(User, User.id == Annotation.annotator_id)
        .where(
            one_of_ids(Annotation.example_id, example_ids),
            Annotation.verdict == "approve",
            Annotation.slot.is_(None),
            Annotation.created_at <= until,
        )
    )
    found = [Sign(one, who, at, "review", number) for one, who, at, number in session.execute(reviewed)]
    by_status = (
        select(AuditEvent.object_id, User.name, AuditEvent.at)
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(
            AuditEvent.project_id == project_id,
            AuditEvent.object_type == "example",
            AuditEvent.action == "set-status",
            AuditEvent.detail["status"].astext == "approved",
            AuditEvent.object_id.in_(list(example_ids)),
            AuditEvent.at <= until,
        )
    )
    found += [Sign(str(one), who, at, "status") for one, who, at in session.execute(by_status)]
    values = {"project": project_id, "ids": list(example_ids), "until": until}
    return found + [Sign(one, who, at, "together") for one, who, at in session.execute(TOGETHER, values)]


def unrecorded(session: Session, version: DatasetVersion) -> int:
    """How many rows of the version no reviewer approved in the very revision that was frozen."""
    reviewed = (
        select(Annotation.id)
        .where(
            Annotation.example_id == DatasetVersionItem.example_id,
            Annotation.revision == Revision.number,
            Annotation.verdict == "approve",
            Annotation.slot.is_(None),
            Annotation.created_at <= version.created_at,
        )
        .exists()
    )
    query = select(func.count()).select_from(DatasetVersionItem)
    query = query.join(Revision, Revision.id == DatasetVersionItem.revision_id)
    return session.scalar(query.where(DatasetVersionItem.dataset_version_id == version.id, ~reviewed)) or 0


def trained_on(session: Session, version_ids: Sequence[str]) -> Sequence[Row[FineTune, str | None]]:
    """(fine-tune, name of its candidate) of everything that was trained on these versions, newest first."""
    query = select(FineTune, Candidate.name).outerjoin(Candidate, Candidate.id == FineTune.candidate_id)
    query = query.where(one_of_ids(FineTune.dataset_version_id, version_ids))
    return session.execute(query.order_by(FineTune.number.desc())).all()


def fine_tune_of(session: Session, project_id: str, candidate_id: str) -> FineTune:
    """Where a candidate came from: its final model, or a checkpoint. Raises NotFound for one that no fine-tune made."""
    made = select(Candidate.fine_tune_id).where(Candidate.id == candidate_id).scalar_subquery()
    query = select(FineTune).where(FineTune.project_id == project_id, FineTune.id == made)
    found = session.scalar(query) if is_id(candidate_id) else None
    if found is None:
        raise NotFound("A fine-tune that made this candidate")
    return found


def example(session: Session, project_id: str, example_id: str) -> Example:
    """Also a deleted one: what used it stays known."""
    found = None
    if is_id(example_id):
        found = session.scalar(select(Example).where(Example.project_id == project_id, Example.id == example_id))
    if found is None:
        raise NotFound("This example")
    return found


def versions_with(session: Session, example_id: str) -> Sequence[Row[DatasetVersion, int]]:
    """(version, the revision that it froze), newest first."""
    query = (
        select(DatasetVersion, Revision.number)
        .join(DatasetVersionItem, DatasetVersionItem.dataset_version_id == DatasetVersion.id)
        .join(Revision, Revision.id == DatasetVersionItem.revision_id)
        .where(DatasetVersionItem.example_id == example_id)
    )
    return session.execute(query.order_by(DatasetVersion.number.desc())).all()


def cases_of(session: Session, example_id: str) -> Sequence[Row[str, str, datetime | None, str]]:
    """(set id, set name, sealed at, case id) of the copies of an example."""
    query: Any = select(TestSet.id, TestSet.name, TestSet.sealed_at, TestCase.id)
    query = query.join(TestCase, and_(TestCase.test_set_id == TestSet.id, TestCase.example_id == example_id))
    return session.execute(query.order_by(TestSet.id.desc())).all()
