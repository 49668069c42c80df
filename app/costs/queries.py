"""All SQL of the costs: what was paid and how long people took, by month."""

from typing import Any

from sqlalchemy import ColumnElement, Float, Select, String, case, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.annotation.models import Annotation, Draft, Skip
from app.costs.rules import Entry
from app.evals.calibration.models import CalibrationMark, CalibrationSample
from app.examples.models import Example
from app.finetunes.models import FineTune
from app.gateway.models import PaidCall, ProjectBudget, Provider
from app.preferences.models import PreferenceRound, Vote

UNDER_WAY = ("queued", "running", "paused", "needs_decision")


def entries(session: Session, project_id: str) -> list[Entry]:
    """Every kind in every month that it was used in."""
    rows = session.execute(union_all(*_people(project_id), _calls(project_id), _fine_tunes(project_id))).all()
    return sorted((Entry(*row) for row in rows), key=lambda e: (e.month, e.kind))


def budget(session: Session, project_id: str) -> ProjectBudget | None:
    return session.get(ProjectBudget, project_id)


def set_budget(
    session: Session, project_id: str, user_id: str, monthly_limit: float | None, monthly_tasks: int | None
) -> None:
    values = {"monthly_limit": monthly_limit, "monthly_tasks": monthly_tasks, "updated_by": user_id}
    query = insert(ProjectBudget).values(project_id=project_id, **values)
    changed = values | {"updated_at": func.now()}
    session.execute(query.on_conflict_do_update(index_elements=["project_id"], set_=changed))


def _month(at: "ColumnElement[Any] | InstrumentedAttribute[Any]") -> ColumnElement[str]:
    return func.to_char(func.timezone("utc", at), "YYYY-MM")


def _people(project_id: str) -> list[Select[Any]]:
    """Minutes of decisions, skips and drafts; of votes; of marks."""
    said = select(Annotation.created_at.label("at"), Annotation.seconds).where(Annotation.project_id == project_id)
    skipped = select(Skip.created_at, Skip.seconds).join(Example, Example.id == Skip.example_id)
    begun = select(Draft.saved_at, Draft.seconds).where(Draft.project_id == project_id)
    review = union_all(said, skipped.where(Example.project_id == project_id), begun).subquery()
    votes = select(Vote.created_at.label("at"), Vote.seconds).join(PreferenceRound, PreferenceRound.id == Vote.round_id)
    marks = select(CalibrationMark.created_at.label("at"), CalibrationMark.seconds).join(
        CalibrationSample, CalibrationSample.id == CalibrationMark.sample_id
    )
    return [
        _minutes("review", review),
        _minutes("votes", votes.where(PreferenceRound.project_id == project_id).subquery()),
        _minutes("marks", marks.where(CalibrationSample.project_id == project_id).subquery()),
    ]


def _minutes(kind: str, table: Any) -> Select[Any]:
    month = _month(table.c.at)
    minutes = func.coalesce(func.sum(table.c.seconds), 0.0) / 60
    nothing = literal(0.0, Float)
    return select(month, literal(kind, String), func.count(), minutes, nothing, nothing, literal(0)).group_by(month)


def _calls(project_id: str) -> Select[Any]:
    """Calls that were sent. What failed without being billed costs nothing."""
    month = _month(PaidCall.sent_at)
    open_ = PaidCall.cost.is_(None) & (PaidCall.state != "failed")
    held = case((open_, func.coalesce(PaidCall.cost_estimate, 0)), else_=0)
    blind = open_ & PaidCall.cost_estimate.is_(None) & (Provider.kind != "local_engine")
    return (
        select(
            month,
            PaidCall.purpose,
            func.count(),
            literal(0.0, Float),
            cast(func.coalesce(func.sum(PaidCall.cost), 0), Float),
            cast(func.sum(held), Float),
            func.count().filter(blind),
        )
        .join(Provider, Provider.id == PaidCall.provider_id)
        .where(PaidCall.project_id == project_id, PaidCall.sent_at.is_not(None), PaidCall.purpose != "fine_tune")
        .group_by(month, PaidCall.purpose)
    )


def _fine_tunes(project_id: str) -> Select[Any]:
    """Jobs by the month that they ended in, or began in. Their one call creates the job; the job is what costs."""
    month = _month(func.coalesce(FineTune.finished_at, FineTune.started_at, FineTune.created_at))
    estimate = cast(FineTune.estimate["cost"].astext, Float)
    may_cost = FineTune.cost.is_(None) & (FineTune.status.in_(UNDER_WAY) | (FineTune.status == "succeeded"))
    held = case((may_cost, func.coalesce(estimate, 0.0)), else_=0.0)
    return (
        select(
            month,
            literal("fine_tune", String),
            func.count(),
            literal(0.0, Float),
            cast(func.coalesce(func.sum(FineTune.cost), 0), Float),
            cast(func.sum(held), Float),
            func.count().filter(may_cost & estimate.is_(None)),
        )
        .where(FineTune.project_id == project_id)
        .group_by(month)
    )
