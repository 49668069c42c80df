"""All SQL of preference rounds, except what voters are shown (``ballots.py``)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase, TestSet
from app.evals.models import EvalRun, Output, RunView
from app.preferences.models import Ballot, BallotPair, Pair, PreferenceRound, RoundReviewer, Vote
from app.projects.models import Member


def round_of(session: Session, project_id: str, round_id: str) -> PreferenceRound:
    found = (
        session.scalar(
            select(PreferenceRound).where(PreferenceRound.project_id == project_id, PreferenceRound.id == round_id)
        )
        if is_id(round_id)
        else None
    )
    if found is None:
        raise NotFound("This round")
    return found


def rounds(session: Session, project_id: str) -> Sequence[PreferenceRound]:
    return session.scalars(
        select(PreferenceRound).where(PreferenceRound.project_id == project_id).order_by(PreferenceRound.id.desc())
    ).all()


def closed_between(session: Session, project_id: str, runs: Sequence[tuple[str, str]]) -> Sequence[PreferenceRound]:
    """Closed rounds that put both runs of one of these pairs side by side."""
    together = or_(*(PreferenceRound.run_ids.contains(list(pair)) for pair in runs))
    closed = select(PreferenceRound).where(
        PreferenceRound.project_id == project_id, PreferenceRound.closed_at.is_not(None)
    )
    return session.scalars(closed.where(together).order_by(PreferenceRound.id)).all()


def finished_runs(session: Session, project_id: str) -> Sequence[Row[EvalRun, str, str]]:
    """(EvalRun, candidate name, test set name) of the runs that a round can be made of, newest first."""
    return session.execute(
        select(EvalRun, Candidate.name, TestSet.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .join(TestSet, TestSet.id == EvalRun.test_set_id)
        .where(EvalRun.project_id == project_id, EvalRun.status == "succeeded")
        .order_by(EvalRun.id.desc())
        .limit(200)
    ).all()


def runs(session: Session, project_id: str, run_ids: Sequence[str]) -> Sequence[EvalRun]:
    wanted = [run_id for run_id in run_ids if is_id(run_id)]
    return session.scalars(select(EvalRun).where(EvalRun.project_id == project_id, EvalRun.id.in_(wanted))).all()


def complete_outputs(session: Session, run_ids: Sequence[str]) -> Sequence[Row[str, list[Any], str, str, str | None]]:
    """(case id, case messages, output id, run id, text) of first repeats that came back whole, by case."""
    return session.execute(
        select(TestCase.id, TestCase.messages, Output.id, Output.run_id, Output.text)
        .join(Output, Output.case_id == TestCase.id)
        .where(Output.run_id.in_(run_ids), Output.repeat == 0, Output.status == "complete")
        .order_by(TestCase.position, Output.run_id)
    ).all()


def possible_reviewers(session: Session, project_id: str) -> Sequence[User]:
    """Members who may annotate, by e-mail."""
    return session.scalars(
        select(User)
        .join(Member, Member.user_id == User.id)
        .where(Member.project_id == project_id, Member.role != "viewer", User.disabled_at.is_(None))
        .order_by(User.email)
    ).all()


def who_saw(session: Session, run_ids: Sequence[str]) -> set[str]:
    return set(session.scalars(select(RunView.user_id).where(RunView.run_id.in_(run_ids))))


def reviewers(session: Session, round_id: str) -> Sequence[Row[str, str, int, int]]:
    """(user id, name, ballots, votes) of each reviewer of the round."""
    return session.execute(
        select(User.id, User.name, func.count(Ballot.id), func.count(Vote.ballot_id))
        .join(RoundReviewer, RoundReviewer.user_id == User.id)
        .outerjoin(Ballot, (Ballot.round_id == RoundReviewer.round_id) & (Ballot.reviewer_id == User.id))
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(RoundReviewer.round_id == round_id)
        .group_by(User.id, User.name)
        .order_by(User.name)
    ).all()


def is_reviewer(session: Session, round_id: str, user_id: str) -> bool:
    return session.get(RoundReviewer, (round_id, user_id)) is not None


def progress(session: Session, round_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Votes cast and ballots given out, by round."""
    rows = session.execute(
        select(Ballot.round_id, func.count(Vote.ballot_id), func.count(Ballot.id))
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id.in_(round_ids))
        .group_by(Ballot.round_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def my_progress(session: Session, round_ids: Sequence[str], user_id: str) -> dict[str, tuple[int, int]]:
    """The same, of one reviewer."""
    rows = session.execute(
        select(Ballot.round_id, func.count(Vote.ballot_id), func.count(Ballot.id))
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id.in_(round_ids), Ballot.reviewer_id == user_id)
        .group_by(Ballot.round_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def cast_votes(session: Session, round_id: str) -> Sequence[Any]:
    """Everything results need of each vote, with the way back from the ballot to the runs. Closed rounds only."""
    first, second = aliased(Output), aliased(Output)
    return session.execute(
        select(
            Vote.reviewer_id,
            Vote.choice,
            Vote.rationale,
            Vote.seconds,
            Ballot.a_is_left,
            BallotPair.is_repeat,
            Pair.id.label("pair_id"),
            Pair.case_id,
            first.run_id.label("run_a"),
            second.run_id.label("run_b"),
        )
        .join(Ballot, Ballot.id == Vote.ballot_id)
        .join(BallotPair, BallotPair.ballot_id == Ballot.id)
        .join(Pair, Pair.id == BallotPair.pair_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .where(Vote.round_id == round_id)
        .order_by(Vote.created_at, Vote.ballot_id)
    ).all()


def identical_pairs(session: Session, round_id: str) -> Sequence[Row[str, str, str, str]]:
    """(pair id, case id, run a, run b) of the pairs that nobody was shown."""
    first, second = aliased(Output), aliased(Output)
    return session.execute(
        select(Pair.id, Pair.case_id, first.run_id, second.run_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .where(Pair.round_id == round_id, Pair.identical)
    ).all()


def candidate_names(session: Session, run_ids: Sequence[str]) -> dict[str, str]:
    """The candidate's name by run id."""
    rows = session.execute(
        select(EvalRun.id, Candidate.name)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .where(EvalRun.id.in_(run_ids))
    )
    return {row[0]: row[1] for row in rows}
