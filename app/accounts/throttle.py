"""Rate limits: one upsert per attempt in a table of counters, so that every web process shares them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert

from app.accounts.models import Throttle
from app.core.clock import utcnow
from app.core.db import transaction
from app.core.errors import TooMany


def count_attempt(key: str, *, limit: int, window: timedelta) -> None:
    """Count one attempt, in its own transaction (refused ones count too); raises TooMany past ``limit``."""
    seconds = int(window.total_seconds())
    start = datetime.fromtimestamp(int(utcnow().timestamp()) // seconds * seconds, UTC)
    statement = (
        insert(Throttle)
        .values(key=key, window_start=start, count=1)
        .on_conflict_do_update(index_elements=["key", "window_start"], set_={"count": Throttle.count + 1})
        .returning(Throttle.count)
    )
    with transaction() as session:
        count = session.execute(statement).scalar_one()
    if count > limit:
        wait = int((start + window - utcnow()).total_seconds()) + 1
        raise TooMany(f"Too many attempts. Try again in {wait} seconds.", wait)
