"""All SQL of the engineer's side of invitations."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.errors import NotFound
from app.core.ids import is_id
from app.preferences.guests.models import RoundInvitation
from app.preferences.models import Ballot, BallotPair, PreferenceRound, Vote

ShownPair = Row[str, list[Any], str, str]


def listed(session: Session, round_id: str) -> Sequence[Row[RoundInvitation, str, int, int]]:
    """(invitation, name of the guest, ballots, votes), newest first."""
    return session.execute(
        select(RoundInvitation, User.name, func.count(Ballot.id), func.count(Vote.ballot_id))
        .join(User, User.id == RoundInvitation.user_id)
        .outerjoin(
            Ballot, (Ballot.round_id == RoundInvitation.round_id) & (Ballot.reviewer_id == RoundInvitation.user_id)
        )
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(RoundInvitation.round_id == round_id)
        .group_by(RoundInvitation.id, User.name)
        .order_by(RoundInvitation.id.desc())
    ).all()


def one(session: Session, round_id: str, invitation_id: str) -> RoundInvitation:
    query = select(RoundInvitation).where(RoundInvitation.round_id == round_id, RoundInvitation.id == invitation_id)
    found = session.scalar(query.with_for_update()) if is_id(invitation_id) else None
    if found is None:
        raise NotFound("This invitation")
    return found


def still_open(session: Session, round_id: str) -> bool:
    """Whether votes count; waits for a close under way, and keeps a later one waiting until this transaction ends."""
    query = select(PreferenceRound.closed_at).where(PreferenceRound.id == round_id)
    return session.scalar(query.with_for_update(read=True)) is None


def texts(session: Session, round_id: str) -> Sequence[ShownPair]:
    """(pair id, prompt, text a, text b) of every pair that is shown, those with the fewest ballots first."""
    shown = (
        select(BallotPair.pair_id, Ballot.prompt, Ballot.text_a, Ballot.text_b)
        .join(Ballot, Ballot.id == BallotPair.ballot_id)
        .where(Ballot.round_id == round_id)
        .ext(distinct_on(BallotPair.pair_id))
        .subquery()
    )
    given = select(func.count()).where(BallotPair.pair_id == shown.c.pair_id).scalar_subquery()
    return session.execute(select(shown).order_by(given, func.random())).all()


def drop_unvoted(session: Session, round_id: str, user_id: str) -> None:
    """Ballots without a vote: they would be waited for in vain."""
    voted = select(Vote.ballot_id).where(Vote.round_id == round_id, Vote.reviewer_id == user_id)
    session.execute(
        delete(Ballot).where(Ballot.round_id == round_id, Ballot.reviewer_id == user_id, Ballot.id.not_in(voted))
    )
