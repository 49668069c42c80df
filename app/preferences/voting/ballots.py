"""What one reviewer is shown, and their votes. All SQL of the voter's side."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.errors import Conflict, NotFound
from app.core.ids import is_id
from app.preferences.forms import NewVote, check_criteria
from app.preferences.models import Ballot, PreferenceRound, RoundReviewer, Vote
from app.preferences.voted import order_anew

FRAME = tuple(
    getattr(PreferenceRound, name)
    for name in ("id", "name", "criteria", "criteria_list", "guideline", "order", "max_votes", "closed_at")
)
ORDER = (Ballot.skipped_at.asc().nulls_first(), Ballot.urgency, Ballot.position)
CLOSED = "This round is closed: its votes cannot change any more."


@dataclass(frozen=True)
class Frame:
    """All that a voter's request reads of a round: no runs, no test set, no seed."""

    id: str
    name: str
    question: str
    criteria: list[str]
    guideline: str
    adaptive: bool
    max_votes: int | None
    closed: bool


@dataclass(frozen=True)
class Said:
    """What a reviewer wrote beside a choice that they took back."""

    rationale: str = ""
    criteria: dict[str, str] = field(default_factory=dict)  # criterion → left, right or tie


@dataclass(frozen=True)
class Shown:
    """What one reviewer sees of one pair."""

    pair_id: str
    prompt: list[dict[str, Any]]
    left: str
    right: str
    said: Said = field(default_factory=Said)


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    skipped: int


def frame(session: Session, project_id: str, round_id: str, user_id: str) -> Frame:
    """The round, for its reviewers; to everybody else it does not exist."""
    row = (
        session.execute(
            select(*FRAME)
            .join(RoundReviewer, (RoundReviewer.round_id == PreferenceRound.id) & (RoundReviewer.user_id == user_id))
            .where(PreferenceRound.project_id == project_id, PreferenceRound.id == round_id)
        ).first()
        if is_id(round_id)
        else None
    )
    if row is None:
        raise NotFound("This round")
    asked = (list(row.criteria_list), row.guideline, row.order == "adaptive", row.max_votes)
    return Frame(row.id, row.name, row.criteria, *asked, row.closed_at is not None)


def next_ballot(session: Session, round_: Frame, user_id: str, but: str | None = None) -> Shown | None:
    """The first ballot without a vote; skipped ones come back at the end. None when all are voted on, or the round
    has as many votes as it wants.

    ``but`` is the pair that they look at right now: the one after it is wanted, to be kept ready.
    """
    if enough(session, round_):
        return None
    wanted = _mine(round_, user_id, Vote.ballot_id.is_(None))
    if but is not None and is_id(but):
        wanted = wanted.where(Ballot.id != but)
    ballot = session.scalar(wanted.order_by(*ORDER).limit(1))
    return None if ballot is None else shown(ballot)


def enough(session: Session, round_: Frame) -> bool:
    """Whether the round has the votes that it wants. A pair that somebody looks at already may still be voted on."""
    if round_.max_votes is None:
        return False
    cast_so_far = session.scalar(select(func.count()).select_from(Vote).where(Vote.round_id == round_.id)) or 0
    return cast_so_far >= round_.max_votes


def _mine(round_: Frame, user_id: str, *wanted: ColumnElement[bool]) -> Any:
    query = select(Ballot).outerjoin(Vote, Vote.ballot_id == Ballot.id)
    return query.where(Ballot.round_id == round_.id, Ballot.reviewer_id == user_id, *wanted)


def shown(ballot: Ballot, said: Said | None = None) -> Shown:
    left, right = (ballot.text_a, ballot.text_b) if ballot.a_is_left else (ballot.text_b, ballot.text_a)
    return Shown(ballot.id, list(ballot.prompt), left, right, said or Said())


def my_ballot(session: Session, round_: Frame, user_id: str, ballot_id: str) -> Ballot:
    ballot = session.get(Ballot, ballot_id) if is_id(ballot_id) else None
    if ballot is None or ballot.round_id != round_.id or ballot.reviewer_id != user_id:
        raise NotFound("This pair")
    return ballot


def cast(session: Session, round_: Frame, user_id: str, vote: NewVote) -> None:
    """One vote per ballot. The same vote again changes nothing, also after the close: it was saved, and a browser that
    lost the answer asks again. Another choice must be undone first."""
    ballot = my_ballot(session, round_, user_id, vote.pair_id)
    if session.scalar(select(Vote.choice).where(Vote.ballot_id == ballot.id)) == vote.choice:
        return
    refuse_if_closed(session, round_)
    check_criteria(round_.criteria, vote)
    values = {
        "ballot_id": ballot.id,
        "round_id": round_.id,
        "reviewer_id": user_id,
        "choice": vote.choice,
        "rationale": vote.rationale,
        "criteria": vote.criteria,
        "seconds": vote.seconds,
    }
    added = session.execute(insert(Vote).values(values).on_conflict_do_nothing().returning(Vote.ballot_id)).first()
    if added is None and session.scalar(select(Vote.choice).where(Vote.ballot_id == ballot.id)) != vote.choice:
        raise Conflict("You voted on this pair already: undo that vote first.")
    if added is not None and round_.adaptive:
        order_anew(session, round_.id)


def take_back(session: Session, round_: Frame, user_id: str, ballot_id: str) -> None:
    refuse_if_closed(session, round_)
    ballot = my_ballot(session, round_, user_id, ballot_id)
    if session.execute(delete(Vote).where(Vote.ballot_id == ballot.id).returning(Vote.ballot_id)).first() is None:
        raise NotFound("This vote")


def take_back_last(session: Session, round_: Frame, user_id: str) -> Shown | None:
    """Undo the newest vote and show its pair again, with what was written; None where there is nothing to undo."""
    refuse_if_closed(session, round_)
    last = session.scalar(
        select(Vote)
        .where(Vote.round_id == round_.id, Vote.reviewer_id == user_id)
        .order_by(Vote.created_at.desc())
        .limit(1)
    )
    if last is None:
        return None
    ballot = my_ballot(session, round_, user_id, last.ballot_id)
    said = Said(last.rationale, dict(last.criteria))
    session.delete(last)
    session.flush()
    return shown(ballot, said)


def skip(session: Session, round_: Frame, user_id: str, ballot_id: str) -> None:
    refuse_if_closed(session, round_)
    ballot = my_ballot(session, round_, user_id, ballot_id)
    session.execute(update(Ballot).where(Ballot.id == ballot.id).values(skipped_at=utcnow()))


def progress(session: Session, round_: Frame, user_id: str) -> Progress:
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


def refuse_if_closed(session: Session, round_: Frame) -> None:
    """Waits for a close under way and keeps later ones waiting until this vote is in: the same lock as the trigger's,
    so that a vote is either before the close or refused in words."""
    query = select(PreferenceRound.closed_at).where(PreferenceRound.id == round_.id).with_for_update(read=True)
    if session.scalar(query) is not None:
        raise Conflict(CLOSED)
