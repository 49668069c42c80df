"""All SQL of traffic."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Date, Float, Integer, Row, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.checks.pool.queries import in_pool
from app.checks.semantic import model
from app.checks.semantic.models import UnitEmbedding
from app.datasets.models import TestCase
from app.examples.models import Example, Revision
from app.traffic.drift import Week
from app.traffic.models import DEFAULT_RATE, TrafficItem, TrafficSettings

TAG = "traffic"


def sample_rate(session: Session, project_id: str) -> float:
    found = session.scalar(select(TrafficSettings.sample_rate).where(TrafficSettings.project_id == project_id))
    return DEFAULT_RATE if found is None else found


def set_sample_rate(session: Session, project_id: str, user_id: str, rate: float) -> None:
    values: dict[str, Any] = {"sample_rate": rate, "updated_by": user_id}
    query = insert(TrafficSettings).values(project_id=project_id, **values)
    changed = values | {"updated_at": func.now()}
    session.execute(query.on_conflict_do_update(index_elements=["project_id"], set_=changed))


def add(session: Session, rows: Sequence[dict[str, Any]]) -> set[bytes]:
    """Store what was not stored before; answers the ids of that."""
    if not rows:
        return set()
    query = insert(TrafficItem).on_conflict_do_nothing().returning(TrafficItem.id_hash)
    return set(session.scalars(query, list(rows)))


def weeks(session: Session, project_id: str) -> list[Week]:
    """Sums by week (Monday, UTC), the earliest first."""
    week = cast(func.date_trunc("week", func.timezone("utc", TrafficItem.at)), Date)
    length = cast(TrafficItem.answer_characters, Float)
    rows = session.execute(
        select(
            week,
            func.count(),
            func.sum(length),
            func.sum(length * length),
            func.count().filter(TrafficItem.behavior == "refuse"),
            func.count(TrafficItem.behavior),
            func.coalesce(func.sum(cast(TrafficItem.format_ok, Integer)), 0),
            func.count(TrafficItem.format_ok),
        )
        .where(TrafficItem.project_id == project_id)
        .group_by(week)
        .order_by(week)
    ).all()
    return [Week(*row) for row in rows]


def sampled(session: Session, project_id: str) -> int:
    query = select(func.count()).where(TrafficItem.project_id == project_id, TrafficItem.sampled)
    return session.scalar(query) or 0


def newest(session: Session, project_id: str, limit: int) -> Sequence[Row[str, str, list[Any]]]:
    """(id, unit, messages) of the newest sampled examples that are in the training pool still."""
    query = (
        select(Example.id, Example.fingerprint_unit, Revision.messages)
        .join(Revision, (Revision.example_id == Example.id) & (Revision.number == Example.revision))
        .where(*in_pool(project_id), Example.source == "production", Example.tags.contains([TAG]))
    )
    return session.execute(query.order_by(Example.id.desc()).limit(limit)).all()


def cases(session: Session, project_id: str, limit: int) -> Sequence[Row[str, list[Any]]]:
    """(unit, messages) of test cases, sealed or not, the newest first."""
    query = select(TestCase.fingerprint_unit, TestCase.messages).where(TestCase.project_id == project_id)
    return session.execute(query.order_by(TestCase.id.desc()).limit(limit)).all()


def in_review(session: Session, project_id: str) -> int:
    query = select(func.count()).where(
        *in_pool(project_id), Example.tags.contains([TAG]), Example.status == "to_review"
    )
    return session.scalar(query) or 0


def vectors(session: Session, project_id: str, units: Sequence[str]) -> dict[str, bytes]:
    query = select(UnitEmbedding.unit, UnitEmbedding.vector).where(
        UnitEmbedding.project_id == project_id, UnitEmbedding.model == model.NAME, UnitEmbedding.unit.in_(units)
    )
    return {row[0]: row[1] for row in session.execute(query)}
