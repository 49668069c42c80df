"""SQL of drafts: reviews that somebody put aside."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.annotation.models import Draft, Reservation


def put(session: Session, held: Reservation, revision: int, fields: Mapping[str, Any], seconds: float) -> None:
    """Seconds add up: to those of an earlier draft, and those before it was skipped stay with the skip."""
    values = {"revision": revision, "fields": dict(fields), "seconds": seconds, "saved_at": func.clock_timestamp()}
    keys = {"example_id": held.example_id, "user_id": held.user_id, "project_id": held.project_id}
    row = insert(Draft).values(**keys, **values)
    more = {"seconds": Draft.seconds + row.excluded.seconds}
    session.execute(row.on_conflict_do_update(index_elements=["example_id", "user_id"], set_=values | more))


def pass_over(session: Session, held: Reservation, seconds: float) -> bool:
    """To the end of the drafts, if it is one."""
    later = update(Draft).where(Draft.example_id == held.example_id, Draft.user_id == held.user_id)
    later = later.values(saved_at=func.clock_timestamp(), seconds=Draft.seconds + seconds)
    return session.scalar(later.returning(Draft.example_id)) is not None


def get(session: Session, example_id: str, user_id: str) -> Draft | None:
    return session.get(Draft, (example_id, user_id))
