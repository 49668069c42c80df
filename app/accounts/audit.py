"""One line per thing done, in the transaction that does it."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import AuditEvent


def record(
    session: Session,
    action: str,
    object_type: str,
    object_id: str | None,
    *,
    actor_id: str | None,
    project_id: str | None = None,
    **detail: Any,
) -> None:
    """Append ``action`` (a verb: 'seal', 'approve') to the audit trail. ``detail`` must hold no secret."""
    session.add(
        AuditEvent(
            action=action,
            object_type=object_type,
            object_id=object_id,
            actor_id=actor_id,
            project_id=project_id,
            detail=detail,
        )
    )
