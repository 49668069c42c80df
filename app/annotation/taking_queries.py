"""SQL of taking a place at an example. The database's clock decides when a place is free again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Interval,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from app.annotation.forms import Queue
from app.annotation.models import Annotation, Reservation
from app.annotation.reservation_queries import IN_HAND
from app.annotation.waiting_queries import LIVE, PROJECT, USER, free
from app.core.db import Id
from app.core.ids import new_id
from app.core.statements import as_loaded, built_once, number, one_row
from app.examples.forms import ExampleFilter

LONG = bindparam("long", type_=Interval)
COLUMNS = ("id", "project_id", "example_id", "slot", "user_id", "created_at", "expires_at")


def _in_free_place(places: range, example_id: Any, found: FromClause | None = None) -> ReturningInsert[Reservation]:
    """Take the lowest place that is free, or that somebody's time ran out on; none where one has one's own.

    The unique keys decide where two come at once: the second gets nothing and looks again.
    """
    slots = func.generate_series(number(places.start), number(places.stop - 1)).table_valued("slot", name="places")
    slots = slots.render_derived()
    slot = slots.c.slot
    now = func.clock_timestamp()
    held = exists().where(
        Reservation.example_id == example_id, or_(Reservation.user_id == USER, and_(Reservation.slot == slot, LIVE))
    )
    judged = exists().where(Annotation.example_id == example_id, Annotation.slot == slot)
    place = (
        select(bindparam("new_id", type_=Id), PROJECT, example_id, slot, USER, now, now + LONG)
        .select_from(slots if found is None else slots.join(found, true()))
        .where(~held, ~judged)
        .order_by(slot)
        .limit(number(1))
    )
    taking = insert(Reservation).from_select(COLUMNS, place)
    new = {name: taking.excluded[name] for name in ("id", "user_id", "created_at", "expires_at")}
    over = Reservation.expires_at <= now
    return taking.on_conflict_do_update(index_elements=["example_id", "slot"], set_=new, where=over).returning(
        Reservation
    )


@built_once
def _free_one(places: range) -> Any:
    return select(Reservation).from_statement(_in_free_place(places, bindparam("example", type_=Id)))


@built_once
def _own(places: range) -> Any:
    return (
        update(Reservation)
        .where(Reservation.example_id == bindparam("example"), Reservation.user_id == USER)
        .where(Reservation.slot.between(number(places.start), number(places.stop - 1)))
        .values(
            expires_at=func.clock_timestamp() + LONG,
            created_at=case((LIVE, Reservation.created_at), else_=func.clock_timestamp()),
        )
        .returning(Reservation)
        .execution_options(synchronize_session=False)
    )


def take(
    session: Session,
    project_id: str,
    user_id: str,
    example_id: str,
    places: range,
    how_long: timedelta = IN_HAND,
) -> Reservation | None:
    """A place among ``places`` at this example, or None if all are taken. Answers the place that is held already."""
    values = _place_values(project_id, user_id, how_long) | {"example": example_id}
    for statement in (_free_one, _own):
        found: Reservation | None = session.scalar(
            statement(places), values, execution_options={"populate_existing": True}
        )
        if found is not None:
            return found
    return None


def _place_values(project_id: str, user_id: str, how_long: timedelta) -> dict[str, Any]:
    return {"new_id": new_id(), "project": project_id, "user": user_id, "long": how_long}


def take_next(
    session: Session,
    project_id: str,
    user_id: str,
    wanted: ExampleFilter,
    queue: Queue,
    places: range,
    how_long: timedelta,
    *,
    but: Sequence[str] = (),
    passed_over: bool = False,
    among: Sequence[ColumnElement[bool]] = (),
) -> tuple[str | None, Reservation | None]:
    """(the next example with a place for this person, the place at it), see ``waiting_queries.free``; no place where
    somebody else took it at the same moment. One round trip."""
    query = free(wanted, queue, len(places), bool(but), passed_over)
    statement = _take_next(places, query) if not among else _taking(places, query.where(*among))
    values = _place_values(project_id, user_id, how_long) | {"but": list(but)}
    row = one_row(session, statement, values)
    if row is None:
        return None, None
    found, reservation_id, slot = row
    if reservation_id is None:
        return str(found), None
    keys = {"project_id": project_id, "example_id": str(found), "slot": slot, "user_id": user_id}
    return str(found), as_loaded(session, Reservation, keys | {"id": str(reservation_id)})


def _taking(places: range, free: Select[str]) -> Select[str, str | None, int | None]:
    found = free.cte("found")
    taken = _in_free_place(places, found.c.id, found).cte("taken")
    return select(found.c.id, taken.c.id, taken.c.slot).select_from(found.outerjoin(taken, true()))


_take_next = built_once(_taking)
