"""Typed contexts of invitations: the engineer's list, and what whoever opens a link sees."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.preferences.guests import queries
from app.preferences.guests.forms import DAYS
from app.preferences.guests.models import RoundInvitation
from app.preferences.models import PreferenceRound
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class InvitationLine:
    """``state``: no link, waiting (never opened), opened, expired or revoked; ``until``: when it ends or ended."""

    id: str
    name: str
    state: str
    made_at: datetime
    until: datetime
    done: int
    total: int


@dataclass(frozen=True)
class InvitationsPage:
    """``made``: the address that was just made, shown once."""

    slug: str
    round_id: str
    round_name: str
    closed: bool
    rows: Sequence[InvitationLine]
    made: str | None = None
    form: FormState = field(default_factory=FormState)
    days: Sequence[tuple[str, str]] = tuple((str(n), f"{n} days") for n in DAYS)
    title: str = "Guests"


@dataclass(frozen=True)
class EntryPage:
    token: str
    problem: str = ""
    title: str = "Blind review"


def invitations(
    session: Session,
    access: Access,
    round_: PreferenceRound,
    *,
    made: str | None = None,
    form: FormState | None = None,
) -> InvitationsPage:
    rows = [
        InvitationLine(row.id, name, state(row), row.created_at, row.revoked_at or row.expires_at, done, total)
        for row, name, total, done in queries.listed(session, round_.id)
    ]
    closed = round_.closed_at is not None
    return InvitationsPage(access.project.slug, round_.id, round_.name, closed, rows, made, form or FormState())


def state(row: RoundInvitation) -> str:
    if row.revoked_at:
        return "revoked"
    if row.expires_at <= utcnow():
        return "expired"
    if row.token_hash is None:
        return "no link"
    return "opened" if row.opened_at else "waiting"
