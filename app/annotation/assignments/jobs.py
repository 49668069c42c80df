"""The daily reminder."""

from datetime import UTC, datetime

from app.annotation.assignments.reminding import remind
from app.core.db import transaction
from app.jobs.queue import queue


@queue.periodic(cron="0 6 * * *")  # UTC; the queue sees to it that one worker does it, once a day
@queue.task(name="annotation.remind")
def remind_daily(timestamp: int) -> None:
    with transaction() as session:
        remind(session, datetime.fromtimestamp(timestamp, UTC).date())
