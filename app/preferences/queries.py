"""All SQL of preference rounds, except what voters are shown (``ballots.py``)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, exists, func, null, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets.models import TestCase, TestSet
from app.evals.calibration.models import CalibrationMark, CalibrationSample
from app.evals.models import EvalRun, Output, RunView
from app.examples.models import Example
from app.gateway.models import Provider
from app.preferences.forms import RoundFilter
from app.preferences.imported.queries import votes_by_round
from app.preferences.models import Ballot, BallotPair, Pair, PreferenceRound, RoundReviewer, Vote
from app.projects.models import Member
from app.web.paging import Slice, cut, decode_cursor


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


def rounds(session: Session, project_id: str, wanted: RoundFilter, user_id: str) -> Slice[PreferenceRound]:
    """Newest first. ``mine``: those that this person was asked to vote in."""
    query = select(PreferenceRound).where(PreferenceRound.project_id == project_id)
    if wanted.state:
        closed = PreferenceRound.closed_at
        query = query.where(closed.is_(None) if wanted.state == "open" else closed.is_not(None))
    if wanted.mine:
        asked = exists().where(RoundReviewer.round_id == PreferenceRound.id, RoundReviewer.user_id == user_id)
        query = query.where(asked)
    after = decode_cursor(wanted.cursor)
    if after and is_id(after[0]):
        query = query.where(PreferenceRound.id < after[0])
    rows = session.scalars(query.order_by(PreferenceRound.id.desc()).limit(wanted.limit + 1)).all()
    return cut(rows, wanted.limit, lambda round_: (round_.id,))


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


def complete_outputs(session: Session, run_ids: Sequence[str]) -> Sequence[Any]:
    """First repeats that came back whole, by case, each with what its case can be sliced by."""
    return session.execute(
        select(
            TestCase.id.label("case_id"),
            TestCase.messages,
            TestCase.tags,
            TestCase.behavior,
            func.coalesce(TestCase.extra["source"].astext, Example.source).label("source"),
            Output.id.label("output_id"),
            Output.run_id,
            Output.text,
        )
        .join(Output, Output.case_id == TestCase.id)
        .outerjoin(Example, Example.id == TestCase.example_id)
        .where(Output.run_id.in_(run_ids), Output.repeat == 0, Output.status == "complete")
        .order_by(TestCase.position, Output.run_id)
    ).all()


def own_names(session: Session, run_ids: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Names of the candidates, their models and their providers: what an output could call itself by."""
    rows = session.execute(
        select(Candidate.name, Candidate.model, Provider.name)
        .join(EvalRun, EvalRun.candidate_id == Candidate.id)
        .outerjoin(Provider, Provider.id == Candidate.provider_id)
        .where(EvalRun.id.in_(run_ids))
        .order_by(EvalRun.id)
    ).all()
    return [row[0] for row in rows], [row[1] for row in rows if row[1]], [row[2] for row in rows if row[2]]


def seconds_per_vote(session: Session, project_id: str) -> tuple[float | None, int]:
    """Median seconds of this project's votes that tell it, and how many those are."""
    row = session.execute(
        select(func.percentile_cont(0.5).within_group(Vote.seconds), func.count(Vote.seconds))
        .join(PreferenceRound, PreferenceRound.id == Vote.round_id)
        .where(PreferenceRound.project_id == project_id, Vote.seconds > 0)
    ).one()
    return row[0], row[1]


def apart_pairs(session: Session, round_id: str) -> Sequence[Row[int, list[str], bool]]:
    """(place of the case in its set, words, kept apart) of the pairs in which an output names its model."""
    return session.execute(
        select(TestCase.position, Pair.named, Pair.apart)
        .join(TestCase, TestCase.id == Pair.case_id)
        .where(Pair.round_id == round_id, func.cardinality(Pair.named) > 0)
        .order_by(TestCase.position, Pair.id)
    ).all()


def pair_counts(session: Session, round_id: str) -> tuple[int, int, int]:
    """(pairs, identical ones, ones kept apart)."""
    row = session.execute(
        select(func.count(), func.count().filter(Pair.identical), func.count().filter(Pair.apart)).where(
            Pair.round_id == round_id
        )
    ).one()
    return row[0], row[1], row[2]


def possible_reviewers(session: Session, project_id: str) -> Sequence[User]:
    """Members who may annotate, by e-mail."""
    return session.scalars(
        select(User)
        .join(Member, Member.user_id == User.id)
        .where(Member.project_id == project_id, Member.role != "viewer", User.disabled_at.is_(None))
        .order_by(User.email)
    ).all()


def who_saw(session: Session, run_ids: Sequence[str]) -> set[str]:
    """Who opened outputs of these runs, or marked some of them: the marks of a sample are of one run."""
    opened = select(RunView.user_id).where(RunView.run_id.in_(run_ids))
    marked = (
        select(CalibrationMark.user_id)
        .join(CalibrationSample, CalibrationSample.id == CalibrationMark.sample_id)
        .where(CalibrationSample.run_id.in_(run_ids))
    )
    return set(session.scalars(opened.union(marked)))


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


def names(session: Session, user_ids: Sequence[str]) -> dict[str, str]:
    return dict(session.execute(select(User.id, User.name).where(User.id.in_(user_ids))).all())


def is_reviewer(session: Session, round_id: str, user_id: str) -> bool:
    return session.get(RoundReviewer, (round_id, user_id)) is not None


def progress(session: Session, round_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Votes cast and ballots given out, by round; of imported votes, as many as came."""
    rows = session.execute(
        select(Ballot.round_id, func.count(Vote.ballot_id), func.count(Ballot.id))
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id.in_(round_ids))
        .group_by(Ballot.round_id)
    )
    found = {row[0]: (row[1], row[2]) for row in rows}
    return found | {round_id: (votes, votes) for round_id, votes in votes_by_round(session, round_ids).items()}


def my_progress(session: Session, round_ids: Sequence[str], user_id: str) -> dict[str, tuple[int, int]]:
    """The same, of one reviewer."""
    rows = session.execute(
        select(Ballot.round_id, func.count(Vote.ballot_id), func.count(Ballot.id))
        .outerjoin(Vote, Vote.ballot_id == Ballot.id)
        .where(Ballot.round_id.in_(round_ids), Ballot.reviewer_id == user_id)
        .group_by(Ballot.round_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def cast_votes(session: Session, round_id: str, *, reasons: bool = False) -> Sequence[Any]:
    """Everything results need of each vote, with the way back from the ballot to the runs. Closed rounds only.
    ``reasons``: only those with a rationale, without the lengths of outputs: to take those each text is read."""
    first, second = aliased(Output), aliased(Output)
    length = [null() if reasons else func.char_length(func.coalesce(one.text, "")) for one in (first, second)]
    return session.execute(
        select(
            Vote.reviewer_id,
            Vote.choice,
            Vote.rationale,
            Vote.criteria,
            Vote.seconds,
            Ballot.a_is_left,
            BallotPair.is_repeat,
            Pair.id.label("pair_id"),
            Pair.case_id,
            first.run_id.label("run_a"),
            second.run_id.label("run_b"),
            length[0].label("length_a"),
            length[1].label("length_b"),
            User.name.label("reviewer_name"),
            TestCase.tags,
        )
        .join(Ballot, Ballot.id == Vote.ballot_id)
        .join(BallotPair, BallotPair.ballot_id == Ballot.id)
        .join(Pair, Pair.id == BallotPair.pair_id)
        .join(first, first.id == Pair.output_a_id)
        .join(second, second.id == Pair.output_b_id)
        .join(User, User.id == Vote.reviewer_id)
        .join(TestCase, TestCase.id == Pair.case_id)
        .where(Vote.round_id == round_id, Vote.rationale != "" if reasons else true())
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


def candidate_names(session: Session, run_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """The candidate's name and the run's number, by run id."""
    rows = session.execute(
        select(EvalRun.id, Candidate.name, EvalRun.number)
        .join(Candidate, Candidate.id == EvalRun.candidate_id)
        .where(EvalRun.id.in_(run_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows}
