"""SQL of the timeline: what each table knows about one example. Each answers a bounded number of rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.accounts.models import AuditEvent, User
from app.checks.models import Finding, FindingDecision
from app.examples.models import STATUSES, BulkChange, Example, Import, Revision

LIMIT = 300  # of each kind: nobody reads on, and a page stays quick
# Revisions and annotations tell of the rest
STATUS_ACTIONS = ("set-status", "approve", "reject", "needs_work", "undo")


def revisions(session: Session, example_id: str) -> Sequence[Row[Revision, str | None]]:
    """(revision, who), newest first."""
    query = select(Revision, User.name).outerjoin(User, User.id == Revision.author_id)
    query = query.where(Revision.example_id == example_id).order_by(Revision.number.desc())
    return session.execute(query.limit(LIMIT)).all()


def import_of(session: Session, example: Example) -> Import | None:
    return session.get(Import, example.import_id) if example.import_id else None


def status_events(session: Session, project_id: str, example_id: str) -> Sequence[Row[AuditEvent, str | None]]:
    """(event, who): decisions, and decisions that were taken back."""
    query = select(AuditEvent, User.name).outerjoin(User, User.id == AuditEvent.actor_id)
    query = query.where(
        AuditEvent.object_id == example_id,
        AuditEvent.project_id == project_id,
        AuditEvent.object_type == "example",
        AuditEvent.action.in_(STATUS_ACTIONS),
    )
    return session.execute(query.order_by(AuditEvent.id.desc()).limit(LIMIT)).all()


def bulk_changes(session: Session, project_id: str, example_id: str) -> Sequence[Any]:
    """(action, tag, created_at, undone_at, who) of the actions over many examples that changed this one."""
    touched = [BulkChange.before.contains(type_coerce({before: [example_id]}, JSONB())) for before in ("", *STATUSES)]
    query = select(
        BulkChange.id, BulkChange.action, BulkChange.tag, BulkChange.created_at, BulkChange.undone_at, User.name
    ).outerjoin(User, User.id == BulkChange.created_by)
    query = query.where(BulkChange.project_id == project_id, or_(*touched))
    return session.execute(query.order_by(BulkChange.id.desc()).limit(LIMIT)).all()


def findings(session: Session, project_id: str, example_id: str) -> Sequence[Finding]:
    query = select(Finding).where(Finding.project_id == project_id, Finding.example_id == example_id)
    return session.scalars(query.order_by(Finding.id.desc()).limit(LIMIT)).all()


def decisions(session: Session, example_id: str) -> Sequence[Row[FindingDecision, Finding, str | None]]:
    """(decision, the finding that it is about, who)."""
    query = (
        select(FindingDecision, Finding, User.name)
        .join(Finding, and_(Finding.id == FindingDecision.finding_id, Finding.example_id == example_id))
        .outerjoin(User, User.id == FindingDecision.user_id)
    )
    return session.execute(query.order_by(FindingDecision.id.desc()).limit(LIMIT)).all()
