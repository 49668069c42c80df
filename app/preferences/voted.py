"""What follows from a vote. Knows nothing of candidates: voters' code calls it."""

from sqlalchemy.orm import Session

from app.jobs.queue import enqueue_at_commit

WAIT_SECONDS = 2.0


def order_anew(session: Session, round_id: str) -> None:
    """In an adaptive round: a job looks whether it is time to draw the order of the rest anew. At most one waits."""
    key = f"round-order:{round_id}"
    enqueue_at_commit(session, "preferences.order", key=key, delay=WAIT_SECONDS, round_id=round_id)
