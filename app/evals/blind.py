"""Runs that a person may not see, because they vote blind on their outputs."""

from collections.abc import Iterable

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from app.core.errors import NotFound
from app.evals.models import EvalRun, RunBlind, RunView


def hidden_from(user_id: str) -> ColumnElement[bool]:
    """A condition on EvalRun: true where this person is blind to the run. Lists filter by its negation."""
    return exists().where(RunBlind.run_id == EvalRun.id, RunBlind.user_id == user_id)


def refuse_if_blind(session: Session, user_id: str, run_id: str) -> None:
    """To a voter of an open round its runs do not exist."""
    if session.scalar(select(RunBlind.run_id).where(RunBlind.run_id == run_id, RunBlind.user_id == user_id).limit(1)):
        raise NotFound("This run")


def saw_outputs(session: Session, user_id: str, run_id: str) -> None:
    """Remember that this person opened the run's outputs: they know whose is whose now."""
    session.execute(insert(RunView).values(run_id=run_id, user_id=user_id).on_conflict_do_nothing())


def blind(session: Session, round_id: str, run_ids: Iterable[str], user_ids: Iterable[str]) -> None:
    people = list(user_ids)
    rows = [{"run_id": run, "user_id": user, "round_id": round_id} for run in run_ids for user in people]
    if rows:
        session.execute(insert(RunBlind).values(rows).on_conflict_do_nothing())


def unblind(session: Session, round_id: str) -> None:
    session.execute(delete(RunBlind).where(RunBlind.round_id == round_id))
