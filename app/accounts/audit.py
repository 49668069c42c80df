"""One line per thing done, in the transaction that does it."""

from typing import Any

from sqlalchemy import bindparam, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.accounts.models import AuditEvent

RECORD = insert(AuditEvent).values(
    action=bindparam("audit_action"),
    object_type=bindparam("audit_object_type"),
    object_id=bindparam("audit_object_id"),
    actor_id=bindparam("audit_actor_id"),
    project_id=bindparam("audit_project_id"),
    detail=bindparam("audit_detail", type_=JSONB),
)


def recorded(
    action: str, object_type: str, object_id: str, *, actor_id: str | None, project_id: str, **detail: Any
) -> dict[str, Any]:
    """The values of ``RECORD``, for a line that is written by the same statement as what it tells of."""
    given = {"action": action, "object_type": object_type, "object_id": object_id}
    given |= {"actor_id": actor_id, "project_id": project_id, "detail": detail}  # type: ignore[dict-item]
    return {f"audit_{name}": value for name, value in given.items()}


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
