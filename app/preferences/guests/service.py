"""Verbs of invitations: seat experts in a round, make their links, take an invitation back."""

import secrets
from datetime import timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.core.ids import new_token, random_id, token_hash
from app.core.settings import get_settings
from app.preferences.guests import queries
from app.preferences.guests.entry import DOMAIN
from app.preferences.guests.forms import NewInvitation
from app.preferences.guests.models import RoundInvitation
from app.preferences.models import Ballot, BallotPair, PreferenceRound, RoundReviewer
from app.projects.access import Access

PREFIX = "guest"
RNG = secrets.SystemRandom()


def invite(
    session: Session, access: Access, round_: PreferenceRound, new: NewInvitation
) -> tuple[RoundInvitation, str]:
    """(invitation, its address, which is not shown again). The guest's votes come on top of the round's own votes per
    pair; with fewer than all pairs, those that have the fewest ballots. Conflict once the round is closed."""
    if not queries.still_open(session, round_.id):
        raise Conflict("This round is closed: nobody can vote in it any more.")
    shown = queries.texts(session, round_.id)
    if not shown:
        raise Invalid("This round shows no pairs, so a guest would have nothing to vote on.")
    row = seat(session, access, round_, new.name, new.days)
    _give_ballots(session, round_, row.user_id, list(shown[: new.pairs]))
    return row, _new_address(row)


def seat(session: Session, access: Access, round_: PreferenceRound, name: str, days: int) -> RoundInvitation:
    """A guest among the round's reviewers, without ballots and without a link."""
    guest = User(email=f"{random_id()}@{DOMAIN}", name=name, disabled_at=utcnow())
    session.add(guest)
    session.flush()
    made_at = utcnow()
    row = RoundInvitation(
        round_id=round_.id,
        user_id=guest.id,
        created_by=access.user.id,
        created_at=made_at,
        expires_at=made_at + timedelta(days=days),
    )
    session.add_all([row, RoundReviewer(round_id=round_.id, user_id=guest.id)])
    session.flush()
    record(session, "invite", "round", round_.id, actor_id=access.user.id, project_id=access.project.id, days=days)
    return row


def make_link(
    session: Session, access: Access, round_: PreferenceRound, invitation_id: str
) -> tuple[RoundInvitation, str]:
    """(invitation, a new address) for a seat; an earlier address opens nothing from now on. It lasts as long as the
    seat was given, from now. Conflict once the round is closed or the invitation is revoked."""
    row = queries.one(session, round_.id, invitation_id)
    if not queries.still_open(session, round_.id):
        raise Conflict("This round is closed: nobody can vote in it any more.")
    if row.revoked_at is not None:
        raise Conflict("This invitation was revoked. Invite this person anew.")
    now = utcnow()
    row.expires_at = now + (row.expires_at - row.created_at)
    row.created_at, row.opened_at = now, None
    record(session, "link", "round invitation", row.id, actor_id=access.user.id, project_id=access.project.id)
    return row, _new_address(row)


def _new_address(row: RoundInvitation) -> str:
    token = new_token(PREFIX)
    row.token_hash = token_hash(token)
    return address(token)


def _give_ballots(session: Session, round_: PreferenceRound, user_id: str, shown: list[queries.ShownPair]) -> None:
    """Each pair once, on a side of its own chance and in a shuffled order; the round's share again at the end."""
    RNG.shuffle(shown)
    again = RNG.sample(shown, round(len(shown) * round_.repeat_fraction))
    ballots, ways_back = [], []
    for position, pair in enumerate(shown + again):
        frame = {"id": random_id(), "round_id": round_.id, "reviewer_id": user_id, "position": position}
        side = {"a_is_left": RNG.random() < 0.5}
        ballots.append(frame | side | {"prompt": pair.prompt, "text_a": pair.text_a, "text_b": pair.text_b})
        ways_back.append({"ballot_id": frame["id"], "pair_id": pair.pair_id, "is_repeat": position >= len(shown)})
    session.execute(insert(Ballot), ballots)
    session.execute(insert(BallotPair), ways_back)


def revoke(session: Session, access: Access, round_: PreferenceRound, invitation_id: str) -> RoundInvitation:
    """The link opens nothing from now on. Votes stay; while the round is open, pairs not voted on are let go."""
    row = queries.one(session, round_.id, invitation_id)
    if row.revoked_at is not None:
        raise Conflict("This invitation was revoked already.")
    row.revoked_at, row.revoked_by = utcnow(), access.user.id
    if queries.still_open(session, round_.id):
        queries.drop_unvoted(session, round_.id, row.user_id)
    record(session, "revoke", "round invitation", row.id, actor_id=access.user.id, project_id=access.project.id)
    return row


def address(token: str) -> str:
    return f"{get_settings().address}/invited/{token}"
