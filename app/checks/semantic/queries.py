"""SQL of likeness in meaning."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.checks.models import Finding
from app.checks.pool.queries import in_pool
from app.checks.semantic import model
from app.checks.semantic.models import SemanticPair, UnitEmbedding
from app.datasets.models import TestCase, TestSet
from app.examples.models import Example, Revision
from app.examples.queries import one_of


def units_without(session: Session, project_id: str, after: str, limit: int) -> Sequence[Row[str, list[Any]]]:
    """(unit, messages) of requests in the pool or in a test set that have no vector, in the order of the units."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    pool = (
        select(Example.fingerprint_unit.label("unit"), Revision.messages.label("messages"))
        .join(Revision, current)
        .where(*in_pool(project_id), Example.fingerprint_unit > after, ~_embedded(project_id, Example.fingerprint_unit))
        .order_by(Example.fingerprint_unit)
        .limit(limit)
    )
    cases = (
        select(TestCase.fingerprint_unit, TestCase.messages)
        .where(TestCase.project_id == project_id, TestCase.fingerprint_unit > after)
        .where(~_embedded(project_id, TestCase.fingerprint_unit))
        .order_by(TestCase.fingerprint_unit)
        .limit(limit)
    )
    both = pool.subquery().select().union_all(cases.subquery().select()).subquery()
    query = select(both.c.unit, both.c.messages).ext(distinct_on(both.c.unit)).order_by(both.c.unit).limit(limit)
    return session.execute(query).all()


def _embedded(project_id: str, unit: Any) -> ColumnElement[bool]:
    own = (UnitEmbedding.project_id == project_id, UnitEmbedding.unit == unit, UnitEmbedding.model == model.NAME)
    return exists().where(*own)


def store(session: Session, project_id: str, vectors: Sequence[tuple[str, bytes]]) -> None:
    rows = [
        {"project_id": project_id, "unit": unit, "model": model.NAME, "vector": vector, "compared": False}
        for unit, vector in vectors
    ]
    statement = insert(UnitEmbedding)
    fresh = {name: statement.excluded[name] for name in ("model", "vector", "compared")}
    session.execute(statement.on_conflict_do_update(index_elements=["project_id", "unit"], set_=fresh), rows)


def vectors(session: Session, project_id: str) -> Sequence[Row[str, bytes, bool]]:
    """(unit, vector, compared) of the present model."""
    query = select(UnitEmbedding.unit, UnitEmbedding.vector, UnitEmbedding.compared)
    own = query.where(UnitEmbedding.project_id == project_id, UnitEmbedding.model == model.NAME)
    return session.execute(own.order_by(UnitEmbedding.unit)).all()


def add_pairs(
    session: Session, project_id: str, pairs: Collection[tuple[str, str, float]], units: Sequence[str]
) -> None:
    """Pairs of these units, which are compared with that."""
    rows = [
        {"project_id": project_id, "unit": min(one, other), "other": max(one, other), "similarity": similarity}
        for one, other, similarity in pairs
    ]
    if rows:
        session.execute(insert(SemanticPair).on_conflict_do_nothing(), rows)
    own = (UnitEmbedding.project_id == project_id, one_of(UnitEmbedding.unit, units))
    session.execute(update(UnitEmbedding).where(*own).values(compared=True))


def forget_gone(session: Session, project_id: str) -> None:
    """Vectors and pairs of requests that no example and no test case has any more: edited, deleted, erased."""
    columns: tuple[tuple[Any, Any], ...] = (
        (UnitEmbedding, UnitEmbedding.unit),
        (SemanticPair, SemanticPair.unit),
        (SemanticPair, SemanticPair.other),
    )
    for table, unit in columns:
        example = exists().where(
            Example.fingerprint_unit == unit, Example.project_id == project_id, Example.deleted_at.is_(None)
        )
        case = exists().where(TestCase.fingerprint_unit == unit, TestCase.project_id == project_id)
        gone = delete(table).where(table.project_id == project_id, ~example, ~case)
        session.execute(gone.execution_options(synchronize_session=False))


def pairs(session: Session, project_id: str) -> Sequence[Row[str, str, float]]:
    query = select(SemanticPair.unit, SemanticPair.other, SemanticPair.similarity)
    return session.execute(query.where(SemanticPair.project_id == project_id)).all()


def already_told(session: Session, project_id: str) -> set[frozenset[str]]:
    """Pairs of examples that are near-duplicates of each other: what is nearly the same means the same, too."""
    query = select(Finding.example_id, Finding.other_example_id).where(
        Finding.project_id == project_id, Finding.kind == "near_duplicate", Finding.other_example_id.is_not(None)
    )
    return {frozenset((one, other)) for one, other in session.execute(query) if other}


def cases(session: Session, project_id: str) -> dict[str, tuple[str, str, int]]:
    """Each request that is tested, and (set id, set name, position) of a case with it, of a sealed set if possible.

    A draft set's own sources are no leak: sealing takes them out of the pool.
    """
    query = (
        select(TestCase.fingerprint_unit, TestSet.id, TestSet.name, TestCase.position)
        .join(TestSet, TestSet.id == TestCase.test_set_id)
        .where(TestCase.project_id == project_id)
        .where(or_(TestSet.sealed_at.is_not(None), TestCase.example_id.is_(None)))
        .ext(distinct_on(TestCase.fingerprint_unit))
        .order_by(TestCase.fingerprint_unit, TestSet.sealed_at.is_(None), TestSet.id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(query)}


def by_words(
    session: Session, project_id: str, own_id: str, words: Sequence[str], limit: int
) -> Sequence[Row[str, str]]:
    """(id, request) of examples that share words with a request, those with most and rarest first."""
    wanted = func.to_tsquery("simple", " | ".join(words))
    query = (
        select(Example.id, Example.request)
        .where(Example.project_id == project_id, Example.deleted_at.is_(None), Example.id != own_id)
        .where(Example.search.op("@@")(wanted))
        .order_by(func.ts_rank(Example.search, wanted).desc(), Example.id)
        .limit(limit)
    )
    return session.execute(query).all()


def of_units(session: Session, project_id: str, units: Collection[str], own_id: str) -> Sequence[Row[str, str]]:
    """(unit, id) of the examples with these requests, the oldest of each unit first."""
    query = select(Example.fingerprint_unit, Example.id).where(
        Example.project_id == project_id,
        Example.deleted_at.is_(None),
        Example.id != own_id,
        one_of(Example.fingerprint_unit, units),
    )
    return session.execute(query.order_by(Example.id)).all()
