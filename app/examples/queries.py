"""SQL of examples and their revisions. An example is loaded by (project, id) only; deleted ones are not there."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, any_, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.audit import RECORD
from app.core.db import Id
from app.core.errors import Invalid, NotFound
from app.core.ids import is_id
from app.core.statements import built_once, one_row
from app.examples.forms import ExampleFilter
from app.examples.models import Example, ExampleTally, Revision, SplitAssignment
from app.web.paging import decode_cursor

COUNT_LIMIT = 1_000  # beyond this a list says "more than"


def get(session: Session, project_id: str, example_id: str) -> Example:
    """The example; NotFound if there is none in this project, or it was deleted."""
    found = None
    if is_id(example_id):
        found = session.scalar(
            select(Example).where(
                Example.project_id == project_id, Example.id == example_id, Example.deleted_at.is_(None)
            )
        )
    if found is None:
        raise NotFound("This example")
    return found


def revision(session: Session, example_id: str, number: int) -> Revision:
    """One revision of an example; NotFound if it has none of this number."""
    found = session.scalar(select(Revision).where(Revision.example_id == example_id, Revision.number == number))
    if found is None:
        raise NotFound("This revision")
    return found


def revisions(session: Session, example_id: str) -> Sequence[Revision]:
    """All revisions, newest first."""
    return session.scalars(
        select(Revision).where(Revision.example_id == example_id).order_by(Revision.number.desc())
    ).all()


def lock_current(session: Session, example: Example) -> None:
    """Bring the example up to date and hold it until the transaction ends."""
    session.flush()
    session.refresh(example, with_for_update=True)


SET_STATUS = (
    update(Example)
    .where(Example.id == bindparam("decided_id"))
    .values(status=bindparam("decided_status"), updated_at=func.now())
    .execution_options(synchronize_session=False)
)
DECIDE = SET_STATUS.add_cte(RECORD.cte("recorded"))


def decided(session: Session, example: Example, status: str) -> None:
    """The example as it stands after ``DECIDE``."""
    set_committed_value(example, "status", status)
    session.expire(example, ["updated_at"])


def with_content(session: Session, project_id: str, example_id: str) -> Row[Example, Revision]:
    """(example, its current revision)."""
    example = get(session, project_id, example_id)
    return session.execute(joined().where(Example.id == example.id)).one()


def joined() -> Select[Example, Revision]:
    """(example, its current revision), to be narrowed."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    return select(Example, Revision).join(Revision, current)


def id_of_cursor(cursor: str | None) -> str | None:
    """The id where the last page ended, or None for the first page."""
    after = decode_cursor(cursor)
    if after is not None and not is_id(str(after[0])):
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.")
    return None if after is None else str(after[0])


def count(session: Session, project_id: str, wanted: ExampleFilter, limit: int | None = COUNT_LIMIT) -> int:
    """How many match, row by row; counting stops at ``limit`` + 1, so that a large project's list stays quick."""
    found = select(Example.id).where(*conditions(project_id, wanted))
    if limit is not None:
        found = found.limit(limit + 1)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


TALLIED = ("status", "split", "behavior")


def tallied(session: Session, project_id: str, **wanted: str | None) -> int:
    """How many living examples have these values of ``TALLIED``, from the tallies: exact, without counting."""
    given = {name: value for name, value in wanted.items() if value is not None}
    row = one_row(session, _tallied(*given), {"project": project_id} | given)
    return int(row[0]) if row else 0


@built_once
def _tallied(*given: str) -> Select[int]:
    query = select(func.coalesce(func.sum(ExampleTally.n), 0)).where(ExampleTally.project_id == bindparam("project"))
    return query.where(*(getattr(ExampleTally, name) == bindparam(name) for name in given))


def status_counts(session: Session, project_id: str) -> dict[str, int]:
    """Examples that are not deleted, by status."""
    n = func.sum(ExampleTally.n)
    query = select(ExampleTally.status, n).where(ExampleTally.project_id == project_id)
    rows = session.execute(query.group_by(ExampleTally.status).having(n > 0))
    return {status: int(number) for status, number in rows}


def conditions(project_id: str, wanted: ExampleFilter) -> list[ColumnElement[bool]]:
    """The filter as SQL. Deleted examples never match."""
    found: list[ColumnElement[bool]] = [Example.project_id == project_id, Example.deleted_at.is_(None)]
    for column, value in (
        (Example.status, wanted.status),
        (Example.behavior, wanted.behavior),
        (Example.split, wanted.split),
        (Example.import_id, wanted.import_id),
        (Example.source, wanted.source),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.tag is not None:
        found.append(Example.tags.contains([wanted.tag]))
    if wanted.finding is not None:  # the second condition is that of the index
        found += [Example.findings.contains([wanted.finding]), Example.findings != []]
    if wanted.q and wanted.q.strip():
        found.append(_search(wanted.q.strip()))
    ids = getattr(wanted, "ids", None)
    if ids is not None:
        found.append(one_of_ids(Example.id, ids))
    return found


def _search(q: str) -> ColumnElement[bool]:
    """Examples with all words of ``q``, the last one perhaps unfinished; or the text as it stands, or the number."""
    words = func.plainto_tsquery("simple", q).cast(Text)
    # ''::tsquery matches nothing and cannot take the prefix mark
    started = func.nullif(words, "").op("||")(":*").cast(TSQUERY)
    found: list[ColumnElement[bool]] = [Example.search.op("@@")(started)]
    if not any(character.isalnum() for character in q):  # punctuation or signs alone: not words, so read the texts
        found += [Example.request.icontains(q, autoescape=True), Example.answer.icontains(q, autoescape=True)]
    digits = q.removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        found.append(Example.number == int(digits))
    return or_(*found)


def lock_splits(session: Session, project_id: str) -> None:
    """Until the transaction ends nobody else adds units, seals or freezes in this project.

    The same lock as the datasets stage takes; take it before a lock on an example's row, never after.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"splits:{project_id}", 0))))


def share_splits(session: Session, project_id: str, *, wait: bool) -> bool:
    """The same lock, held together with others that share it. Without ``wait``, False where it is not free."""
    key = func.hashtextextended(f"splits:{project_id}", 0)
    if wait:
        session.execute(select(func.pg_advisory_xact_lock_shared(key)))
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock_shared(key))))


def register_units(session: Session, project_id: str, units: Iterable[str], split: str) -> None:
    """Units not seen before stand on this side; the others stay where they are."""
    rows = [{"project_id": project_id, "unit": unit, "split": split} for unit in sorted(set(units))]
    if rows:
        session.execute(insert(SplitAssignment).on_conflict_do_nothing(), rows)


def test_side(session: Session, project_id: str, units: Sequence[str]) -> set[str]:
    """Those of the units that stand on the test side."""
    query = select(SplitAssignment.unit).where(
        SplitAssignment.project_id == project_id,
        SplitAssignment.split == "test",
        one_of(SplitAssignment.unit, units),
    )
    return set(session.scalars(query))


def move_to_test(session: Session, project_id: str, units: Sequence[str]) -> None:
    """Put units on the test side, with their near-duplicates; the database says so on the examples that have them."""
    session.execute(
        update(SplitAssignment)
        .where(
            SplitAssignment.project_id == project_id,
            SplitAssignment.split == "train",
            one_of(SplitAssignment.unit, units),
        )
        .values(split="test")
    )


def one_of(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """``column = any(array)``: one parameter, however many values."""
    equal: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(Text)))
    return equal


def one_of_ids(column: Any, ids: Iterable[str]) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = column == any_(literal(list(ids), ARRAY(Id)))
    return equal
