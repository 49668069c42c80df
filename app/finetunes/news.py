"""Telling the project's webhook what became of a fine-tune."""

from sqlalchemy.orm import Session

from app.finetunes.models import FineTune
from app.projects.models import Project
from app.projects.notifications import service as notifications

TOLD = {"succeeded": "has finished", "failed": "has failed", "needs_decision": "needs a decision"}


def tell(session: Session, row: FineTune) -> None:
    """Once for each time that it came to this state."""
    if row.status not in TOLD:
        return
    project = session.get_one(Project, row.project_id)
    why = f": {row.error.rstrip('.')}" if row.error and row.status != "succeeded" else ""
    names = ("id", "number", "status", "base_model", "method", "fine_tuned_model", "candidate_id", "cost", "error")
    notifications.tell_team(
        session,
        project,
        f"fine_tune.{row.status}",
        f"Fine-tune {row.number} of {row.base_model} {TOLD[row.status]}{why}.",
        once=f"fine-tune:{row.id}:{row.status}:{row.finished_at or row.error or ''}",
        url=notifications.address(project, f"/fine-tunes/{row.id}"),
        fine_tune={name: getattr(row, name) for name in names},
    )
