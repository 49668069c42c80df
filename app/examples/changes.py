"""What follows from a change of examples: later stages look at the project again, in the background."""

from sqlalchemy.orm import Session

from app.jobs.queue import enqueue_at_commit

SETTLE_SECONDS = 2.0  # a person at work changes many examples in a row: one look for all of them


def changed(session: Session, project_id: str) -> None:
    """Examples or cases came, changed or left: what was not looked at yet is looked at soon after the commit."""
    for name, key in (("datasets.scan_near", f"near:{project_id}"), ("checks.scan", f"checks:{project_id}")):
        enqueue_at_commit(session, name, key=key, delay=SETTLE_SECONDS, project_id=project_id)
