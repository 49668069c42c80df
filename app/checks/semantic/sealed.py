"""How close a frozen version comes in meaning to what the sealed sets ask. It only warns: one class asks alike."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.checks.semantic import model
from app.checks.semantic.models import SemanticPair, UnitEmbedding
from app.datasets.models import DatasetVersionItem, TestCase, TestSet


@dataclass(frozen=True)
class Likeness:
    """``examples`` mean nearly what a case asks, the closest of them at ``position`` like ``case`` of ``test_set``.

    ``unread``: rows and cases that were not compared yet. ``available``: whether the model is installed at all.
    """

    available: bool
    examples: int = 0
    position: int = 0
    case: int = 0
    test_set: str = ""
    similarity: float = 0.0
    unread: int = 0


def likeness(session: Session, project_id: str, version_id: str) -> Likeness:
    """Against every sealed set of the project."""
    if not model.available():
        return Likeness(False)
    item, pair = DatasetVersionItem, SemanticPair
    paired = or_(
        and_(pair.unit == item.fingerprint_unit, pair.other == TestCase.fingerprint_unit),
        and_(pair.other == item.fingerprint_unit, pair.unit == TestCase.fingerprint_unit),
    )
    found = (
        select(item.position, TestCase.position.label("case"), TestSet.name, pair.similarity)
        .join(pair, pair.project_id == item.project_id)
        .join(TestCase, and_(TestCase.project_id == item.project_id, paired))
        .join(TestSet, and_(TestSet.id == TestCase.test_set_id, TestSet.sealed_at.is_not(None)))
        .where(item.dataset_version_id == version_id)
    )
    closest = session.execute(found.order_by(pair.similarity.desc(), item.position).limit(1)).first()
    unread = _unread(session, project_id, version_id)
    if closest is None:
        return Likeness(True, unread=unread)
    rows = found.with_only_columns(func.count(item.position.distinct()))
    return Likeness(True, session.scalar(rows) or 0, closest[0], closest[1], closest[2], closest[3], unread)


def _unread(session: Session, project_id: str, version_id: str) -> int:
    """Rows of the version and sealed cases whose requests have not been compared in meaning."""

    def compared(unit: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
        own = (UnitEmbedding.project_id == project_id, UnitEmbedding.unit == unit, UnitEmbedding.compared)
        return exists().where(*own, UnitEmbedding.model == model.NAME)

    rows = select(literal(1)).where(
        DatasetVersionItem.dataset_version_id == version_id, ~compared(DatasetVersionItem.fingerprint_unit)
    )
    cases = (
        select(literal(1))
        .select_from(TestCase)
        .join(TestSet, TestSet.id == TestCase.test_set_id)
        .where(TestCase.project_id == project_id, TestSet.sealed_at.is_not(None))
        .where(~compared(TestCase.fingerprint_unit))
    )
    both = rows.union_all(cases).subquery()
    return session.scalar(select(func.count()).select_from(both)) or 0
