"""SQL of the list of examples: one page of what matches a filter, newest first, and how many match.

The list is walked from its newest end, which is quick where many examples match and takes seconds among a million where
few do. So what is not known from the tallies is looked up first, in no order, and bounded: few matches are then the
whole answer, and after many of them the walk is short. Both are planned for the words that are searched: a plan made
once for all words does not know whether they are rare.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import Row, Select, Text, case, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.core.db import planned_for_its_values
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import COUNT_LIMIT, conditions, count, id_of_cursor, joined, one_of_ids, tallied
from app.web.paging import Slice, cut

Direction = Literal["older", "newer"]
Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])
TALLIED = {"status", "split"}


class Listed(Protocol):
    """What the list shows of an example."""

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


LISTED = [getattr(Example, name) for name in Listed.__annotations__]


@dataclass(frozen=True)
class Matches:
    """How many match; not ``exact`` where counting stopped: then there are more than ``number``.

    ``ids``: all of them, oldest first, where they were looked up and are few.
    """

    number: int
    exact: bool
    ids: Sequence[str] | None = None


def matches(session: Session, project_id: str, wanted: ExampleFilter, limit: int = COUNT_LIMIT) -> Matches:
    """By status and side the number is known; with other filters looking stops beyond COUNT_LIMIT, and counting at
    ``limit``."""
    given = {name for name in ExampleFilter.model_fields if getattr(wanted, name) not in (None, "")}
    if given <= TALLIED:
        return Matches(tallied(session, project_id, wanted.status, wanted.split), True)
    with planned_for_its_values(session):
        number, ids = _few(session, project_id, wanted)
        if number <= COUNT_LIMIT:
            return Matches(number, True, ids.split())
        if limit > COUNT_LIMIT:
            number = count(session, project_id, wanted, limit)
    return Matches(min(number, limit), number <= limit)


def _few(session: Session, project_id: str, wanted: ExampleFilter) -> tuple[int, str]:
    """(how many match, at most COUNT_LIMIT + 1; their ids in order, if they are not more). One text: a thousand
    values of their own would take longer to read than to find."""
    found = select(Example.id).where(*conditions(project_id, wanted)).limit(COUNT_LIMIT + 1).subquery()
    ids = func.string_agg(found.c.id.cast(Text), aggregate_order_by(literal(" "), found.c.id))
    number = func.count()
    query = select(number, case((number <= COUNT_LIMIT, func.coalesce(ids, "")), else_=""))
    counted, listed = session.execute(query.select_from(found)).one()
    return counted, listed


def page(
    session: Session,
    project_id: str,
    wanted: ExampleFilter,
    found: Matches,
    *,
    cursor: str | None,
    limit: int,
    direction: Direction = "older",
) -> Slice[Listed]:
    """Examples, newest first. ``direction`` 'newer' answers those just before the cursor, still newest first.

    Plain rows: fifty of them cost a third of fifty objects that could be changed.
    """
    query = _keyset(select(*LISTED), project_id, wanted, found, cursor, direction, limit + 1)
    with planned_for_its_values(session):
        rows: Sequence[Any] = session.execute(query).all()
    shown: Slice[Listed] = cut(rows, limit, lambda row: (row.id,))
    return shown if direction == "older" else Slice(list(reversed(shown.items)), shown.next_cursor)


def page_with_content(
    session: Session, project_id: str, wanted: ExampleFilter, *, cursor: str | None, limit: int
) -> Slice[Row[Example, Revision]]:
    """(example, current revision), newest first."""
    found = matches(session, project_id, wanted)
    query = _keyset(joined(), project_id, wanted, found, cursor, "older", limit + 1)
    with planned_for_its_values(session):
        rows = session.execute(query).all()
    return cut(rows, limit, lambda row: (row[0].id,))


def _keyset(
    query: Q,
    project_id: str,
    wanted: ExampleFilter,
    found: Matches,
    cursor: str | None,
    direction: Direction,
    limit: int,
) -> Q:
    after = id_of_cursor(cursor)
    query = query.order_by(Example.id.desc() if direction == "older" else Example.id)
    if found.ids is not None:
        return query.where(one_of_ids(Example.id, _beside(found.ids, after, direction, limit)))
    if after is not None:
        query = query.where(Example.id < after if direction == "older" else Example.id > after)
    return query.where(*conditions(project_id, wanted)).limit(limit)


def _beside(ids: Sequence[str], after: str | None, direction: Direction, limit: int) -> Sequence[str]:
    """Of ids in order, the ``limit`` next to ``after``, older or newer; without it the newest or the oldest."""
    if direction == "older":
        end = len(ids) if after is None else bisect_left(ids, after)
        return ids[max(end - limit, 0) : end]
    begin = 0 if after is None else bisect_right(ids, after)
    return ids[begin : begin + limit]
