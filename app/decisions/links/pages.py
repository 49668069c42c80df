"""Typed context of the page that lists links."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.core.clock import utcnow
from app.decisions.links import queries
from app.decisions.links.forms import DAYS
from app.projects.access import Access
from app.web.forms import FormState


@dataclass(frozen=True)
class LinkLine:
    """``state``: open, expired or revoked; ``until``: when it ends or ended."""

    id: str
    what: str
    who: str
    made_at: datetime
    state: str
    until: datetime
    revoked_by: str
    opened: int
    last_opened_at: datetime | None


@dataclass(frozen=True)
class LinksPage:
    """``made``: the address that was just made, shown once. ``hidden``: the comparison that a new link would show."""

    slug: str
    rows: Sequence[LinkLine]
    can_change: bool
    hidden: Sequence[tuple[str, str]]
    subject: str
    made: str | None = None
    form: FormState = field(default_factory=FormState)
    days: Sequence[tuple[str, str]] = tuple((str(n), f"{n} days") for n in DAYS)
    title: str = "Links to verdicts"


def links(
    session: Session,
    access: Access,
    hidden: Sequence[tuple[str, str]],
    *,
    made: str | None = None,
    form: FormState | None = None,
) -> LinksPage:
    names = {c.id: c.name for c, _provider in candidates.listed(session, access.project.id)}
    chosen = dict(hidden)
    subject = _subject(names, chosen) if "candidate" in chosen and "baseline" in chosen else ""
    rows = [_line(row, names) for row in queries.listed(session, access.project.id)]
    can = access.can("engineer")
    return LinksPage(access.project.slug, rows, can, hidden, subject, made, form or FormState())


def _line(row: queries.LinkRow, names: dict[str, str]) -> LinkLine:
    link, who, revoker = row
    state = "revoked" if link.revoked_at else "expired" if link.expires_at <= utcnow() else "open"
    until = link.revoked_at or link.expires_at
    what = _subject(names, link.query)
    return LinkLine(link.id, what, who, link.created_at, state, until, revoker or "", link.opened, link.last_opened_at)


def _subject(names: dict[str, str], query: dict[str, str]) -> str:
    return f"{names.get(query['candidate'], 'a candidate')} against {names.get(query['baseline'], 'a candidate')}"
