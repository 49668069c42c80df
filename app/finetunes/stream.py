"""A fine-tune's server-sent events: every point of the curve once, ``progress`` when its state changes, ``end``."""

import zlib

from fastapi import Request
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.errors import HoldoutError
from app.finetunes import queries
from app.finetunes.curves.points import point, told
from app.finetunes.models import FineTune
from app.finetunes.rules import ENDED
from app.projects.access import project_access
from app.web.sse import Event

MAX_AT_ONCE = 2_000
viewer = project_access("viewer")


def poll(request: Request, slug: str, fine_tune_id: str, last: str | None) -> list[Event]:
    """What is new since ``last``: ``{id of the newest event seen}.{mark of the state seen}``.

    Access is checked anew each time: who has lost it is sent ``end``.
    """
    seen, mark = _position(last)
    try:
        with transaction() as session:
            access = viewer(slug, request, session)
            row = queries.fine_tune(session, access.project.id, fine_tune_id)
            return _news(session, row, seen, mark)
    except HoldoutError:
        return [Event(last or "0.0", "end", {"status": "unknown"})]


def _news(session: Session, row: FineTune, seen: int, mark: int) -> list[Event]:
    fresh = queries.events(session, row.id, after=seen)[:MAX_AT_ONCE]
    newest = fresh[-1].id if fresh else seen
    found = []
    for event in fresh:
        at = point(event.data) if event.kind == "metrics" else None
        if at is not None:
            found.append(Event(f"{event.id}.{mark}", "point", told(at)))
    now = _mark(row, newest)
    if now != mark:
        found.append(Event(f"{newest}.{now}", "progress", state(row)))
    if row.status in (*ENDED, "needs_decision") and len(fresh) < MAX_AT_ONCE:
        found.append(Event(f"{newest}.{now}", "end", state(row)))
    return found


def state(row: FineTune) -> dict[str, object]:
    return {
        "status": row.status,
        "progress": {"done": row.step, "total": row.total_steps},
        "provider_status": row.provider_status,
        "candidate_id": row.candidate_id,
        "error": row.error,
    }


def position(session: Session, row: FineTune) -> str:
    """Where a page that shows everything until now starts to listen."""
    newest = queries.last_event_id(session, row.id)
    return f"{newest}.{_mark(row, newest)}"


def _mark(row: FineTune, newest: int) -> int:
    return zlib.crc32(repr((state(row), row.cancel_requested_at, row.requested, newest)).encode())


def _position(last: str | None) -> tuple[int, int]:
    seen, _, mark = (last or "").partition(".")
    known = len(seen) < 19 and seen.isdecimal() and seen.isascii()
    return (int(seen) if known else 0), (int(mark) if mark.isdecimal() and mark.isascii() and len(mark) < 12 else 0)
