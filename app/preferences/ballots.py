"""The voter's side. An architecture test holds this module to the tables of ballots, votes and the round's frame:
nothing here can name a candidate, because nothing here can read one."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.errors import Conflict, NotFound
from app.core.ids import is_id
from app.preferences.forms import NewVote
from app.preferences.models import Ballot, PreferenceRound, Vote


@dataclass(frozen=True)
class Shown:
    """What one reviewer sees of one pair."""

    pair_id: str
    prompt: list[dict[str, Any]]
    left: str
    right: str


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    skipped: int


def next_ballot(session: Session, round_: PreferenceRound, user_id: str) -> Shown | None:
    """The first ballot without a vote; skipped ones come back at the end. None when all are voted on."""
    ballot = session.scalar(
        select(Ballot)
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id == round_.id, Ballot.reviewer_id == user_id, Vote.ballot_id.is_(None))
        .order_by(Ballot.skipped_at.asc().nulls_first(), Ballot.position)
        .limit(1)
    )
    return None if ballot is None else shown(ballot)


def shown(ballot: Ballot) -> Shown:
    left, right = (ballot.text_a, ballot.text_b) if ballot.a_is_left else (ballot.text_b, ballot.text_a)
    return Shown(ballot.id, list(ballot.prompt), left, right)


def my_ballot(session: Session, round_: PreferenceRound, user_id: str, ballot_id: str) -> Ballot:
    ballot = session.get(Ballot, ballot_id) if is_id(ballot_id) else None
    if ballot is None or ballot.round_id != round_.id or ballot.reviewer_id != user_id:
        raise NotFound("This pair")
    return ballot


def cast(session: Session, round_: PreferenceRound, user_id: str, vote: NewVote) -> None:
    """One vote per ballot. The same vote again changes nothing; another choice must be undone first."""
    refuse_if_closed(round_)
    ballot = my_ballot(session, round_, user_id, vote.pair_id)
    values = {
        "ballot_id": ballot.id,
        "round_id": round_.id,
        "reviewer_id": user_id,
        "choice": vote.choice,
        "rationale": vote.rationale,
        "seconds": vote.seconds,
    }
    added = session.execute(insert(Vote).values(values).on_conflict_do_nothing().returning(Vote.ballot_id)).first()
    if added is None and session.scalar(select(Vote.choice).where(Vote.ballot_id == ballot.id)) != vote.choice:
        raise Conflict("You voted on this pair already: undo that vote first.")


def take_back(session: Session, round_: PreferenceRound, user_id: str, ballot_id: str) -> None:
    refuse_if_closed(round_)
    ballot = my_ballot(session, round_, user_id, ballot_id)
    if session.execute(delete(Vote).where(Vote.ballot_id == ballot.id).returning(Vote.ballot_id)).first() is None:
        raise NotFound("This vote")


def take_back_last(session: Session, round_: PreferenceRound, user_id: str) -> Shown | None:
    """Undo the newest vote and show its pair again; None where there is nothing to undo."""
    refuse_if_closed(round_)
    last = session.scalar(
        select(Vote)
        .where(Vote.round_id == round_.id, Vote.reviewer_id == user_id)
        .order_by(Vote.created_at.desc())
        .limit(1)
    )
    if last is None:
        return None
    ballot = my_ballot(session, round_, user_id, last.ballot_id)
    session.delete(last)
    session.flush()
    return shown(ballot)


def skip(session: Session, round_: PreferenceRound, user_id: str, ballot_id: str) -> None:
    refuse_if_closed(round_)
    ballot = my_ballot(session, round_, user_id, ballot_id)
    session.execute(update(Ballot).where(Ballot.id == ballot.id).values(skipped_at=utcnow()))


def progress(session: Session, round_: PreferenceRound, user_id: str) -> Progress:
    total, done, skipped = session.execute(
        select(
            func.count(Ballot.id),
            func.count(Vote.ballot_id),
            func.count(Ballot.id).filter(Ballot.skipped_at.is_not(None), Vote.ballot_id.is_(None)),
        )
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id == round_.id, Ballot.reviewer_id == user_id)
    ).one()
    return Progress(done, total, skipped)


def refuse_if_closed(round_: PreferenceRound) -> None:
    if round_.closed_at is not None:
        raise Conflict("This round is closed: its votes cannot change any more.")
