"""A fine-tune's part of the paid-call ledger: the one request that creates the provider's job.

``planned`` → ``sent`` (committed before it leaves) → ``done``, ``failed``, or ``unknown`` where no answer came. Each
change names the state that it starts from, so of two workers only one sends an attempt.
"""

from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.finetunes.models import FineTune
from app.gateway import budgets
from app.gateway.models import PaidCall

PURPOSE, ITEM = "fine_tune", "job"
UNANSWERED = ("sent", "unknown")


def newest(session: Session, fine_tune_id: str) -> PaidCall | None:
    query = select(PaidCall).where(PaidCall.subject_id == fine_tune_id, PaidCall.purpose == PURPOSE)
    return session.scalar(query.order_by(PaidCall.attempt.desc()).limit(1))


def plan(session: Session, fine_tune: FineTune) -> None:
    """The next attempt, not sent yet. One that is planned already stays the next."""
    last = newest(session, fine_tune.id)
    if last is not None and last.state == "planned":
        return
    session.execute(
        insert(PaidCall).values(
            project_id=fine_tune.project_id,
            provider_id=fine_tune.provider_id,
            subject_id=fine_tune.id,
            purpose=PURPOSE,
            item=ITEM,
            attempt=last.attempt + 1 if last else 1,
            cost_estimate=fine_tune.estimate.get("cost"),
        )
    )


def mark_sent(session: Session, call_id: str) -> bool:
    """False where it was sent already, by another worker. OverBudget: the project's budget does not cover it."""
    budgets.require(session, call_id)
    return _move(session, call_id, ("planned",), state="sent", sent_at=func.clock_timestamp())


def settle(session: Session, call_id: str, state: str, error: dict[str, Any] | None = None) -> bool:
    values = {"state": state, "error": error, "finished_at": func.clock_timestamp()}
    return _move(session, call_id, UNANSWERED, **values)


def note_cost(session: Session, fine_tune_id: str, cost: float) -> None:
    """What the job cost, known at its end: until then its estimate counts."""
    change = update(PaidCall).where(
        PaidCall.subject_id == fine_tune_id, PaidCall.purpose == PURPOSE, PaidCall.state == "done"
    )
    session.execute(change.values(cost=cost))


def give_up(session: Session, fine_tune_id: str, user_id: str) -> None:
    """A person has taken it on themselves that an unanswered request may have been billed."""
    change = update(PaidCall).where(
        PaidCall.subject_id == fine_tune_id, PaidCall.purpose == PURPOSE, PaidCall.state.in_(UNANSWERED)
    )
    session.execute(change.values(state="accepted", decided_by=user_id, finished_at=func.clock_timestamp()))


def _move(session: Session, call_id: str, allowed: tuple[str, ...], **values: Any) -> bool:
    change = update(PaidCall).where(PaidCall.id == call_id, PaidCall.state.in_(allowed)).values(**values)
    return session.execute(change.returning(PaidCall.id)).first() is not None
