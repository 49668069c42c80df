"""SQL of test sets. A set is loaded by (project, id) only."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    and_,
    cast,
    delete,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.ids import is_id, new_id
from app.datasets.clusters import Link
from app.datasets.models import DatasetVersion, DatasetVersionItem, TestCase, TestSet, TestSetAccess
from app.examples.models import Example, Revision, SplitAssignment
from app.examples.queries import one_of
from app.web.paging import Slice, cut, decode_cursor

Units = Iterable[str]


def after_id(cursor: str | None) -> str | None:
    """The id in a cursor. Raises Invalid for one that is not ours."""
    values = decode_cursor(cursor)
    if values and not is_id(values[0]):
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.")
    return values[0] if values else None


def after_number(cursor: str | None) -> int | None:
    values = decode_cursor(cursor)
    if values and not (isinstance(values[0], int) and abs(values[0]) < 2**31):
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.")
    return values[0] if values else None


def find_set(session: Session, project_id: str, set_id: str, *, lock: bool = False) -> TestSet | None:
    if not is_id(set_id):
        return None
    query = select(TestSet).where(TestSet.project_id == project_id, TestSet.id == set_id)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True) if lock else query)


def _uses() -> Any:
    used = select(func.count()).where(TestSetAccess.test_set_id == TestSet.id, TestSetAccess.kind == "scored_run")
    return used.correlate(TestSet).scalar_subquery()


def uses(session: Session, set_id: str) -> int:
    """How many eval runs have been scored on the set."""
    return session.scalar(select(_uses()).select_from(TestSet).where(TestSet.id == set_id)) or 0


def list_sets(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[Row[TestSet, int]]:
    """(set, uses), newest first."""
    query = select(TestSet, _uses()).where(TestSet.project_id == project_id).order_by(TestSet.id.desc())
    after = after_id(cursor)
    if after:
        query = query.where(TestSet.id < after)
    return cut(session.execute(query.limit(limit + 1)).all(), limit, lambda row: (row[0].id,))


def sealed_sets(session: Session, project_id: str) -> Sequence[TestSet]:
    """What can be measured on, newest first."""
    query = select(TestSet).where(TestSet.project_id == project_id, TestSet.sealed_at.is_not(None))
    return session.scalars(query.order_by(TestSet.id.desc())).all()


def insert_set(session: Session, **values: Any) -> str | None:
    """The new set's id, or None where the project has a set of that name."""
    row = insert(TestSet).values(id=new_id(), size=0, **values).on_conflict_do_nothing()
    return session.scalar(row.returning(TestSet.id))


def case(session: Session, set_id: str, case_id: str) -> TestCase | None:
    if not is_id(case_id):
        return None
    return session.scalar(select(TestCase).where(TestCase.test_set_id == set_id, TestCase.id == case_id))


def all_cases(session: Session, set_id: str) -> Sequence[TestCase]:
    return session.scalars(select(TestCase).where(TestCase.test_set_id == set_id).order_by(TestCase.position)).all()


def case_units(session: Session, set_id: str) -> Sequence[Row[str, str, str]]:
    """(case id, fingerprint unit, group unit) in order."""
    query = select(TestCase.id, TestCase.fingerprint_unit, TestCase.group_unit)
    return session.execute(query.where(TestCase.test_set_id == set_id).order_by(TestCase.position)).all()


def cases(
    session: Session,
    set_id: str,
    *,
    behavior: str | None = None,
    tag: str | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Slice[Row[TestCase, int]]:
    """(case, number of its source example) in the order of the set."""
    query = select(TestCase, Example.number).outerjoin(Example, Example.id == TestCase.example_id)
    query = query.where(*_matching(set_id, behavior, tag, q))
    after = after_number(cursor)
    if after is not None:
        query = query.where(TestCase.position > after)
    rows = session.execute(query.order_by(TestCase.position).limit(limit + 1)).all()
    return cut(rows, limit, lambda row: (row[0].position,))


def count_cases(session: Session, set_id: str, behavior: str | None, tag: str | None, q: str | None) -> int:
    query = select(func.count()).select_from(TestCase).where(*_matching(set_id, behavior, tag, q))
    return session.scalar(query) or 0


def _matching(set_id: str, behavior: str | None, tag: str | None, q: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [TestCase.test_set_id == set_id]
    if behavior:
        conditions.append(TestCase.behavior == behavior)
    if tag:
        conditions.append(TestCase.tags.contains([tag]))
    if q:
        text = func.concat(cast(TestCase.messages, Text), cast(TestCase.expected, Text))
        conditions.append(text.icontains(q, autoescape=True))
    return conditions


def behavior_counts(session: Session, set_id: str) -> dict[str | None, int]:
    query = select(TestCase.behavior, func.count()).where(TestCase.test_set_id == set_id).group_by(TestCase.behavior)
    return dict(session.execute(query).all())


def next_position(session: Session, set_id: str) -> int:
    return (session.scalar(select(func.max(TestCase.position)).where(TestCase.test_set_id == set_id)) or 0) + 1


def known_prompts(session: Session, set_id: str, units: Iterable[str]) -> set[str]:
    """Those of the fingerprint units that stand in the set."""
    query = select(TestCase.fingerprint_unit).where(TestCase.test_set_id == set_id)
    return set(session.scalars(query.where(one_of(TestCase.fingerprint_unit, units))))


def insert_cases(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(TestCase), list(rows))


def recount(session: Session, set_id: str) -> None:
    size = select(func.count()).where(TestCase.test_set_id == set_id).scalar_subquery()
    session.execute(update(TestSet).where(TestSet.id == set_id).values(size=size))


def remove_cases(session: Session, set_id: str, case_ids: Sequence[str]) -> int:
    gone = delete(TestCase).where(TestCase.test_set_id == set_id, TestCase.id.in_(case_ids)).returning(TestCase.id)
    return len(session.execute(gone).all())


def remove_set(session: Session, set_id: str) -> None:
    session.execute(delete(TestCase).where(TestCase.test_set_id == set_id))
    session.execute(delete(TestSet).where(TestSet.id == set_id))


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


def note_access(session: Session, set_id: str, kind: str, *, user_id: str | None, run_id: str | None = None) -> None:
    """Append to the set's record: 'scored_run' (a use, once for each run) or 'viewed'."""
    row = insert(TestSetAccess).values(test_set_id=set_id, kind=kind, user_id=user_id, run_id=run_id)
    session.execute(row.on_conflict_do_nothing())
