"""SQL of the two sides: which units belong together, where they stand, and moving them to the test side for good."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.ids import is_id
from app.datasets.clusters import Link
from app.datasets.drawing import rarest
from app.datasets.models import DatasetVersion, DatasetVersionItem, TestCase
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.queries import one_of

Units = Iterable[str]


def links(session: Session, project_id: str) -> list[Link]:
    """What belongs together in the project: each example's units in all its revisions, and each case's."""
    revisions = select(Revision.example_id, Revision.fingerprint_unit, Revision.group_unit)
    in_cases = select(TestCase.example_id, TestCase.fingerprint_unit, TestCase.group_unit)
    both: Any = union(
        revisions.where(Revision.project_id == project_id), in_cases.where(TestCase.project_id == project_id)
    )
    return [Link(*row) for row in session.execute(both)]


def frozen_units(session: Session, project_id: str) -> dict[str, int]:
    """Units that stand in a dataset version, with the number of the first such version."""
    rows = session.execute(
        select(DatasetVersionItem.fingerprint_unit, DatasetVersionItem.group_unit, func.min(DatasetVersion.number))
        .join(DatasetVersion, DatasetVersion.id == DatasetVersionItem.dataset_version_id)
        .where(DatasetVersion.project_id == project_id)
        .group_by(DatasetVersionItem.fingerprint_unit, DatasetVersionItem.group_unit)
    )
    found: dict[str, int] = {}
    for fingerprint, group, number in rows:
        for unit in (fingerprint, group):
            found[unit] = min(number, found.get(unit, number))
    return found


def units_in_cases(session: Session, project_id: str) -> Sequence[str]:
    return session.scalars(select(TestCase.fingerprint_unit).distinct().where(TestCase.project_id == project_id)).all()


def drawable(session: Session, project_id: str, *, approved_only: bool, tag: str | None) -> Sequence[Row[str, str]]:
    """(example id, fingerprint unit) of the examples that a case could be made of; approved ones and old ones first.

    Drafts and rejected examples are never drawn, nor is one without an answer or an expectation.
    """
    has_answer = Revision.messages[-1]["role"].astext == "assistant"
    query = (
        select(Example.id, Example.fingerprint_unit)
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .where(
            Example.project_id == project_id,
            Example.deleted_at.is_(None),
            Example.split == "train",
            Example.status.in_(["approved"] if approved_only else ["approved", "to_review", "needs_work"]),
            or_(has_answer, Revision.expected.is_not(None)),
        )
        .order_by(Example.status != "approved", Example.number)
    )
    if tag:
        query = query.where(Example.tags.contains([tag]))
    return session.execute(query).all()


def strata(session: Session, project_id: str, by: str) -> dict[str, str]:
    """Which part of the mix each example counts for, by its behavior, label, language, source or rarest tag."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    language = func.coalesce(Revision.extra["language"].astext, Revision.extra["lang"].astext)
    columns: dict[str, Any] = {
        "behavior": Example.behavior,
        "label": Revision.expected["label"].astext,
        "language": language,
        "source": Example.source,
        "tag": Example.tags,
    }
    query = select(Example.id, columns[by]).join(Revision, current)
    query = query.where(Example.project_id == project_id, Example.deleted_at.is_(None))
    found: dict[str, Any] = dict(session.execute(query).all())
    if by == "tag":
        found = rarest({example_id: tags for example_id, tags in found.items() if tags})
    return {example_id: value for example_id, value in found.items() if value}


def contents(session: Session, project_id: str, example_ids: Sequence[str]) -> dict[str, Row[Example, Revision]]:
    """(example, current revision) by example id; deleted ones are not there."""
    known = [example_id for example_id in example_ids if is_id(example_id)]
    query = (
        select(Example, Revision)
        .join(Revision, and_(Revision.example_id == Example.id, Revision.number == Example.revision))
        .where(Example.project_id == project_id, Example.deleted_at.is_(None), Example.id.in_(known))
    )
    return {row[0].id: row for row in session.execute(query)}


def move_to_test(session: Session, project_id: str, units: Units) -> None:
    """Put units on the test side for good; those not seen before are added there."""
    rows = [{"project_id": project_id, "unit": unit, "split": "test"} for unit in sorted(units)]
    statement = insert(SplitAssignment)
    statement = statement.on_conflict_do_update(
        index_elements=["project_id", "unit"], set_={"split": "test"}, where=SplitAssignment.split == "train"
    )
    session.execute(statement, rows)


def of_units(units: Units) -> ColumnElement[bool]:
    listed = list(units)
    return or_(one_of(Example.fingerprint_unit, listed), one_of(Example.group_unit, listed))


def count_leaving(session: Session, project_id: str, units: Units) -> int:
    """How many examples of the training pool would leave it with these units."""
    query = select(func.count()).select_from(Example).where(Example.project_id == project_id, of_units(units))
    return session.scalar(query.where(Example.split == "train", Example.deleted_at.is_(None))) or 0


def mark_test_side(session: Session, project_id: str, units: Units) -> int:
    """Bring the examples' own ``split`` up to date. Answers how many changed (deleted ones not counted)."""
    changed = (
        update(Example)
        .where(Example.project_id == project_id, of_units(units), Example.split == "train")
        .values(split="test")
        .returning(Example.deleted_at)
    )
    return sum(deleted_at is None for deleted_at in session.scalars(changed))


def mark_cases_sealed(session: Session, set_id: str) -> None:
    session.execute(update(TestCase).where(TestCase.test_set_id == set_id).values(split="test"))


def copied_examples(session: Session, set_id: str) -> int:
    """How many examples of the training pool the set has copies of."""
    query = select(func.count()).select_from(TestCase).join(Example, Example.id == TestCase.example_id)
    query = query.where(TestCase.test_set_id == set_id, Example.split == "train", Example.deleted_at.is_(None))
    return session.scalar(query) or 0


def case_units(session: Session, set_id: str) -> Sequence[Row[str, str, str]]:
    """(case id, fingerprint unit, group unit) in order."""
    query = select(TestCase.id, TestCase.fingerprint_unit, TestCase.group_unit)
    return session.execute(query.where(TestCase.test_set_id == set_id).order_by(TestCase.position)).all()
