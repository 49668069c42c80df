"""Runs that a person may not see, because they vote blind on their outputs."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ARRAY, any_, cast, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import ColumnElement

from app.core.db import Id
from app.core.errors import NotFound
from app.evals.models import EvalRun, RunBlind, RunReuse, RunView


def hidden_from(user_id: str) -> ColumnElement[bool]:
    """A condition on EvalRun: true where this person is blind to the run. Lists filter by its negation."""
    return exists().where(RunBlind.run_id == EvalRun.id, RunBlind.user_id == user_id)


def hidden_among(run_ids: InstrumentedAttribute[list[str]], user_id: str) -> ColumnElement[bool]:
    """True where this person is blind to one of the runs that an array column names."""
    return exists().where(RunBlind.run_id == any_(run_ids), RunBlind.user_id == user_id)


def refuse_if_blind(session: Session, user_id: str, run_id: str) -> None:
    """To a voter of an open round its runs do not exist."""
    if session.scalar(select(RunBlind.run_id).where(RunBlind.run_id == run_id, RunBlind.user_id == user_id).limit(1)):
        raise NotFound("This run")


def rests_in_a_round(session: Session, run_id: str) -> bool:
    """Whether anybody is blind to the run now: then its figures go nowhere where voters may read them."""
    return bool(session.scalar(select(exists().where(RunBlind.run_id == run_id))))


def kin(session: Session, run_ids: Sequence[str]) -> list[str]:
    """These runs, and those that have outputs in common with them because they took them over: who reads the one
    knows the answers of the other."""
    named = func.unnest(cast(list(run_ids), ARRAY(Id))).column_valued("run")
    sources = select(named).union(select(RunReuse.source_run_id).where(RunReuse.run_id.in_(run_ids))).subquery()
    takers = select(RunReuse.run_id).join(sources, sources.c[0] == RunReuse.source_run_id)
    return list(session.scalars(select(sources.c[0]).union(takers)))


def saw_outputs(session: Session, user_id: str, run_id: str) -> None:
    """Remember that this person opened the run's outputs: they know whose is whose now."""
    rows = [{"run_id": run, "user_id": user_id} for run in kin(session, [run_id])]
    session.execute(insert(RunView).values(rows).on_conflict_do_nothing())


def blind(session: Session, round_id: str, run_ids: Iterable[str], user_ids: Iterable[str]) -> None:
    people = list(user_ids)
    rows = [
        {"run_id": run, "user_id": user, "round_id": round_id} for run in kin(session, list(run_ids)) for user in people
    ]
    if rows:
        session.execute(insert(RunBlind).values(rows).on_conflict_do_nothing())


def unblind(session: Session, round_id: str) -> None:
    session.execute(delete(RunBlind).where(RunBlind.round_id == round_id))
