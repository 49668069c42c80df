"""SQL of what still wants somebody's opinion: how a queue's filter becomes a statement, built once for each filter."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Select, all_, and_, bindparam, exists, func, select

from app.annotation.forms import Queue
from app.annotation.models import SETTLING, Annotation, Draft, Reservation, Skip
from app.core.db import Id
from app.core.statements import built_once, number
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.examples.queries import conditions

LIVE = Reservation.expires_at > func.clock_timestamp()
PROJECT: Any = bindparam("project", type_=Id)
USER: Any = bindparam("user", type_=Id)
BUT = bindparam("but", type_=ARRAY(Id))
FIELDS = set(ExampleFilter.model_fields)


def key_of(wanted: ExampleFilter) -> str:
    """A filter as JSON, to remember by it what was built for it."""
    return wanted.model_dump_json(exclude_none=True, include=FIELDS)


def filter_of(key: str) -> ExampleFilter:
    return ExampleFilter.model_validate_json(key)


def free(wanted: ExampleFilter, queue: Queue, overlap: int, but: bool, passed_over: bool) -> Select[str]:
    """The next example with a place for this person, its row held until the transaction ends.

    Rows that others hold at this moment are stepped over. ``but``: without some. ``passed_over``: of those that this
    person skipped, the longest ago first.
    """
    return _free(key_of(wanted), queue, overlap, but, passed_over)


@built_once
def _free(key: str, queue: Queue, overlap: int, but: bool, passed_over: bool) -> Select[str]:
    wanted = filter_of(key)
    within, order = _in_order(wanted)
    query = select(Example.id).where(*within, *_open_to(USER, wanted, overlap))
    if but:
        query = query.where(Example.id != all_(BUT))
    if queue == "draft":
        query = query.join(Draft, and_(Draft.example_id == Example.id, Draft.user_id == USER))
        query = query.order_by(Draft.saved_at)
    elif passed_over:
        query = query.where(~_drafted(USER)).join(Skip, _skipped_by(USER)).order_by(Skip.created_at)
    else:
        query = query.where(~_drafted(USER), ~exists().where(_skipped_by(USER))).order_by(*order)
    return query.limit(number(1)).with_for_update(of=Example, skip_locked=True)


def _in_order(wanted: ExampleFilter) -> tuple[Sequence[ColumnElement[bool]], Sequence[Any]]:
    """The filter, and oldest first.

    A status stands as a range of one value, and before the id in the order: so the index by status and id alone gives
    this order. With ``=`` PostgreSQL may walk the ids from the oldest, past all that was decided before, each time.
    """
    if wanted.status is None:
        return conditions(PROJECT, wanted), [Example.id]
    rest = conditions(PROJECT, wanted.model_copy(update={"status": None}))
    return [*rest, Example.status >= wanted.status, Example.status <= wanted.status], [Example.status, Example.id]


def waiting(project_id: str, user_id: str, wanted: ExampleFilter, overlap: int) -> Sequence[ColumnElement[bool]]:
    """What of a queue still wants this person's opinion, reserved by others or not."""
    opinions = _opinions_of(Example.id)
    return [*conditions(project_id, wanted), *_not_judged_by(user_id, wanted), opinions < overlap]


def _open_to(user_id: str, wanted: ExampleFilter, overlap: int) -> Sequence[ColumnElement[bool]]:
    held = [Reservation.example_id == Example.id, LIVE, Reservation.user_id != user_id, Reservation.slot > SETTLING]
    if overlap == 1:  # what others hold is passed over at the first look, without counting
        waits = exists().where(Annotation.example_id == Example.id, Annotation.slot.is_not(None))
        return [~exists().where(*held), ~waits, *_not_judged_by(user_id, wanted)]
    others = select(func.count()).where(*held).scalar_subquery()
    return [*_not_judged_by(user_id, wanted), others + _opinions_of(Example.id) < overlap]


def _opinions_of(example_id: Any) -> Any:
    found = select(func.count()).where(Annotation.example_id == example_id, Annotation.slot.is_not(None))
    return found.correlate(Example).scalar_subquery()


def _not_judged_by(user_id: str, wanted: ExampleFilter) -> Sequence[ColumnElement[bool]]:
    """Neither their opinion waits there, nor (in a queue of what is decided already) have they judged it as it is."""
    own = [Annotation.example_id == Example.id, Annotation.annotator_id == user_id]
    found = [~exists().where(*own, Annotation.slot.is_not(None))]
    if wanted.status != "to_review":
        found.append(~exists().where(*own, Annotation.revision == Example.revision))
    return found


def _skipped_by(user_id: str) -> ColumnElement[bool]:
    return and_(Skip.example_id == Example.id, Skip.user_id == user_id)


def _drafted(user_id: str) -> Any:
    return exists().where(Draft.example_id == Example.id, Draft.user_id == user_id)
