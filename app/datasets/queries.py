"""SQL of test sets. A set is loaded by (project, id) only."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Text,
    any_,
    cast,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.ids import is_id, new_id
from app.datasets.models import TestCase, TestSet, TestSetAccess
from app.examples.models import Example
from app.examples.queries import one_of
from app.web.paging import Slice, cut, decode_cursor


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


def scored_runs(session: Session, set_id: str, limit: int) -> Sequence[Row[datetime, Any, Any]]:
    """(when, who, run) of the latest uses."""
    query = select(TestSetAccess.at, TestSetAccess.user_id, TestSetAccess.run_id)
    query = query.where(TestSetAccess.test_set_id == set_id, TestSetAccess.kind == "scored_run")
    return session.execute(query.order_by(TestSetAccess.id.desc()).limit(limit)).all()


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


def cases_by_id(session: Session, set_id: str, case_ids: Sequence[str]) -> Sequence[Row[TestCase, int]]:
    """(case, number of its source example) in the order of the set."""
    query = select(TestCase, Example.number).outerjoin(Example, Example.id == TestCase.example_id)
    query = query.where(TestCase.test_set_id == set_id, TestCase.id.in_([one for one in case_ids if is_id(one)]))
    return session.execute(query.order_by(TestCase.position)).all()


def ids_by_number(session: Session, project_id: str, numbers: Sequence[int]) -> dict[int, str]:
    """Ids of the project's examples with these numbers."""
    wanted = Example.number == any_(literal(list(numbers), ARRAY(BigInteger)))
    query = select(Example.number, Example.id).where(Example.project_id == project_id, Example.deleted_at.is_(None))
    return dict(session.execute(query.where(wanted)).all())


def all_cases(session: Session, set_id: str) -> Sequence[TestCase]:
    return session.scalars(select(TestCase).where(TestCase.test_set_id == set_id).order_by(TestCase.position)).all()


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


def count_cases(
    session: Session, set_id: str, *, behavior: str | None = None, tag: str | None = None, q: str | None = None
) -> int:
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


def templates_taken(session: Session, set_id: str) -> set[str]:
    """Keys of the starter templates that the set has a case of."""
    key = TestCase.extra["template"].astext
    return set(session.scalars(select(key).where(TestCase.test_set_id == set_id, key.is_not(None))))


def insert_cases(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(TestCase), list(rows))


def recount(session: Session, set_id: str) -> None:
    size = select(func.count()).where(TestCase.test_set_id == set_id).scalar_subquery()
    session.execute(update(TestSet).where(TestSet.id == set_id).values(size=size))


def remove_cases(session: Session, set_id: str, case_ids: Sequence[str]) -> int:
    gone = (
        delete(TestCase)
        .where(TestCase.test_set_id == set_id, TestCase.id.in_([one for one in case_ids if is_id(one)]))
        .returning(TestCase.id)
    )
    return len(session.execute(gone).all())


def remove_set(session: Session, set_id: str) -> None:
    session.execute(delete(TestCase).where(TestCase.test_set_id == set_id))
    session.execute(delete(TestSet).where(TestSet.id == set_id))


def note_access(session: Session, set_id: str, kind: str, *, user_id: str | None, run_id: str | None = None) -> None:
    """Append to the set's record: 'scored_run' (a use, once for each run) or 'viewed'."""
    row = insert(TestSetAccess).values(test_set_id=set_id, kind=kind, user_id=user_id, run_id=run_id)
    session.execute(row.on_conflict_do_nothing())
