"""SQL of the list of examples: one page of what matches a filter, newest first, and how many match.

The list is walked from its newest end, which is quick where many examples match and takes seconds among a million where
few do. So what is not known from the tallies is looked up first, in no order, and bounded: few matches are then the
whole answer, and after many of them the walk is short. Both are planned for the words that are searched: a plan made
once for all words does not know whether they are rare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select, true
from sqlalchemy.orm import Session

from app.core.db import planned_for_its_values
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import COUNT_LIMIT, TALLIED, conditions, count, id_of_cursor, joined, one_of_ids, tallied
from app.web.paging import Slice, cut

Direction = Literal["older", "newer"]


class Listed(NamedTuple):
    """What the list shows of an example; of its texts the beginning."""

    id: str
    number: int
    revision: int
    status: str
    behavior: str | None
    tags: list[str]
    split: str
    findings: list[str]
    request: str
    answer: str
    updated_at: datetime


BEGINNING = 200  # characters; the list cuts them shorter, at the end of a word

LISTED = [
    func.left(getattr(Example, name), BEGINNING) if name in ("request", "answer") else getattr(Example, name)
    for name in Listed.__annotations__
]


@dataclass(frozen=True)
class Matches:
    """How many match; not ``exact`` where counting stopped: then there are more than ``number``."""

    number: int
    exact: bool


@dataclass(frozen=True)
class Place:
    """A page of a walk: ``limit`` examples beside ``after``, or from the walk's beginning."""

    after: str | None
    limit: int
    direction: Direction = "older"

    def of(self, id_column: Any) -> list[ColumnElement[bool]]:
        if self.after is None:
            return []
        return [id_column < self.after if self.direction == "older" else id_column > self.after]

    def order(self, id_column: Any) -> ColumnElement[str]:
        order: ColumnElement[str] = id_column.desc() if self.direction == "older" else id_column.asc()
        return order


def page(
    session: Session,
    project_id: str,
    wanted: ExampleFilter,
    *,
    cursor: str | None,
    limit: int,
    direction: Direction = "older",
    count_to: int = COUNT_LIMIT,
) -> tuple[Matches, Slice[Listed]]:
    """How many match, and a page of them, newest first. ``direction`` 'newer': those just before the cursor, still
    newest first. ``count_to``: where counting stops, at COUNT_LIMIT or later.

    Plain rows: fifty of them cost a third of fifty objects that could be changed, and a template reads these twice as
    fast as those of SQLAlchemy.
    """
    place = Place(id_of_cursor(cursor), limit + 1, direction)
    found, rows = _found(session, project_id, wanted, LISTED, place, count_to)
    shown: Slice[Listed] = cut([Listed._make(row) for row in rows], limit, lambda row: (row.id,))
    return found, shown if direction == "older" else Slice(list(reversed(shown.items)), shown.next_cursor)


def page_with_content(
    session: Session, project_id: str, wanted: ExampleFilter, *, cursor: str | None, limit: int
) -> Slice[Row[Example, Revision]]:
    """(example, current revision), newest first."""
    _, found = _found(session, project_id, wanted, [Example.id], Place(id_of_cursor(cursor), limit + 1), COUNT_LIMIT)
    ids: Slice[str] = cut([row[0] for row in found], limit, lambda one: (one,))
    rows = session.execute(joined().where(one_of_ids(Example.id, ids.items)).order_by(Example.id.desc())).all()
    return Slice(rows, ids.next_cursor)  # there is a next page even where one of these was erased meanwhile


def _found(
    session: Session, project_id: str, wanted: ExampleFilter, columns: Sequence[Any], place: Place, count_to: int
) -> tuple[Matches, Sequence[Any]]:
    """By status, side and behaviour the number is known; with other filters looking stops beyond COUNT_LIMIT."""
    given = {name for name in ExampleFilter.model_fields if getattr(wanted, name) not in (None, "")}
    if given <= set(TALLIED):
        number = tallied(session, project_id, **{name: getattr(wanted, name) for name in TALLIED})
        with planned_for_its_values(session):
            return Matches(number, True), _walked(session, project_id, wanted, columns, place) if number else []
    with planned_for_its_values(session):
        number, rows = _looked_up(session, project_id, wanted, columns, place)
        if number > COUNT_LIMIT:
            rows = _walked(session, project_id, wanted, columns, place)
            number = count(session, project_id, wanted, count_to) if count_to > COUNT_LIMIT else number
    return Matches(min(number, count_to), number <= count_to), rows


def _looked_up(
    session: Session, project_id: str, wanted: ExampleFilter, columns: Sequence[Any], place: Place
) -> tuple[int, Sequence[Any]]:
    """(how many match, at most COUNT_LIMIT + 1; the page, if they are not more)."""
    found = select(Example.id).where(*conditions(project_id, wanted)).limit(COUNT_LIMIT + 1).cte("found")
    counted = select(func.count().label("number")).select_from(found).subquery("counted")
    beside = select(found.c.id).where(counted.c.number <= COUNT_LIMIT, *place.of(found.c.id))
    near = beside.order_by(place.order(found.c.id)).limit(place.limit).lateral("near")
    query = select(counted.c.number, *columns).select_from(counted).outerjoin(near, true())
    rows = session.execute(query.outerjoin(Example, Example.id == near.c.id).order_by(place.order(near.c.id))).all()
    return rows[0][0], [row[1:] for row in rows if row[1] is not None]


def _walked(
    session: Session, project_id: str, wanted: ExampleFilter, columns: Sequence[Any], place: Place
) -> Sequence[Any]:
    query = select(*columns).where(*conditions(project_id, wanted), *place.of(Example.id))
    return session.execute(query.order_by(place.order(Example.id)).limit(place.limit)).all()
