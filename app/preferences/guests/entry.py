"""Who comes with a link. The cookie holds the link's own token, and browsers send it to the one round only."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.models import User
from app.accounts.throttle import count_attempt
from app.core.clock import utcnow
from app.core.errors import Conflict, NotFound
from app.core.ids import token_hash
from app.preferences.guests.models import RoundInvitation
from app.preferences.models import PreferenceRound
from app.projects.models import Project

COOKIE = "holdout_guest"
DOMAIN = "guest.invalid"  # addresses there reach nobody; an erased guest has another one, and no way in


@dataclass(frozen=True)
class Guest:
    user_id: str
    name: str
    project_id: str
    project_name: str
    slug: str
    round_id: str
    seconds_left: int

    @property
    def base(self) -> str:
        return f"/p/{self.slug}/rounds/{self.round_id}"


def guest_of(session: Session, token: str) -> Guest | None:
    """None for a token that never was, is over, was revoked, or whose person was erased."""
    row = session.execute(
        select(User.id, User.name, Project.id, Project.name, Project.slug, RoundInvitation.round_id)
        .add_columns(RoundInvitation.expires_at)
        .join(RoundInvitation, RoundInvitation.user_id == User.id)
        .join(PreferenceRound, PreferenceRound.id == RoundInvitation.round_id)
        .join(Project, Project.id == PreferenceRound.project_id)
        .where(
            RoundInvitation.token_hash == token_hash(token),
            RoundInvitation.revoked_at.is_(None),
            RoundInvitation.expires_at > func.now(),
            User.email.endswith(f"@{DOMAIN}"),
        )
    ).first()
    if row is None:
        return None
    user_id, name, project_id, project_name, slug, round_id, ends = row
    return Guest(user_id, name, project_id, project_name, slug, round_id, int((ends - utcnow()).total_seconds()))


def enter(session: Session, token: str, peer: str, signed_in: str | None) -> Guest:
    """The guest behind a link. NotFound for every link that opens nothing, in the same words.

    Raises Conflict where the browser belongs to somebody with an account (``signed_in``: their session): whoever made
    the link must not vote by it in passing. TooMany for a peer that tries many links.
    """
    count_attempt(f"guest-peer:{peer}", limit=60, window=timedelta(minutes=5))
    found = guest_of(session, token)
    if found is None:
        raise NotFound("This link")
    if signed_in and accounts.session_of(session, signed_in, utcnow() - timedelta(days=7)):
        raise Conflict("You are signed in here: this link is for an expert without an account. Sign out to use it.")
    opened = RoundInvitation.token_hash == token_hash(token), RoundInvitation.opened_at.is_(None)
    session.execute(update(RoundInvitation).where(*opened).values(opened_at=func.now()))
    return found
