"""Whether a verdict is another one than the reader last saw."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.decisions import evidence, judging
from app.decisions.models import VerdictView
from app.decisions.service import Decided

TOLD_FOR = timedelta(minutes=30)
SAID = {str(verdict): words for verdict, words in judging.WORDS.items()}


@dataclass(frozen=True)
class Change:
    """``then``: the verdict at that time in words, empty where it is the same; ``changed``: what it rests on."""

    at: datetime
    then: str
    changed: str


def look(session: Session, user_id: str, now: Decided) -> Change | None:
    """Note that this person reads the verdict; what has changed since they last did, None on a first look."""
    sides, at = now.found.sides, utcnow()
    key = (user_id, sides.baseline.id, sides.candidate.id)
    row = session.get(VerdictView, key, with_for_update=True)
    if row is None:
        read = {"verdict": now.verdict, "evidence": dict(now.evidence), "at": at}
        session.merge(VerdictView(user_id=key[0], baseline_id=key[1], candidate_id=key[2], **read))
        return None
    changed = evidence.changed(row.evidence, now.evidence)
    if changed and (row.noticed_at is None or row.noticed_at > at - TOLD_FOR):
        row.noticed_at = row.noticed_at or at
        return Change(row.at, SAID[row.verdict] if row.verdict != now.verdict else "", changed)
    row.verdict, row.evidence, row.at, row.noticed_at = now.verdict, dict(now.evidence), at, None
    return None
