"""SQL of places at examples: hand out, keep, give back. The database's clock decides when a reservation ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Double, Row, Select, and_, bindparam, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.annotation.forms import Queue
from app.annotation.models import SETTLING, Draft, Reservation, Skip
from app.annotation.waiting_queries import BUT, LIVE, PROJECT, USER, filter_of, key_of
from app.core.errors import NotFound
from app.core.ids import is_id, new_id
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.examples.queries import conditions

IN_HAND = timedelta(minutes=15)
AHEAD = timedelta(minutes=5)  # the next one, which the page keeps ready: short, so that nobody waits for it long
PUT_ASIDE = timedelta(hours=24)  # with a draft

MOST_HELD = 1_000  # drafts are places too


def mine(
    session: Session, project_id: str, user_id: str, wanted: ExampleFilter, queue: Queue, but: Sequence[str] = ()
) -> Reservation | None:
    """What this person holds already and had in hand last, without the examples ``but``."""
    values = {"project": project_id, "user": user_id, "but": list(but)}
    return session.scalar(_mine(key_of(wanted), queue, bool(but)), values)


@lru_cache(256)
def _mine(key: str, queue: Queue, but: bool) -> Select[Reservation]:
    """Built once for each filter, as is all that one decision after the other asks."""
    aside = exists().where(Draft.example_id == Reservation.example_id, Draft.user_id == USER)
    # The few that are held first, whatever the planner knows of the tables: their examples are then looked up by key
    held = select(Reservation.id).where(Reservation.project_id == PROJECT, Reservation.user_id == USER, LIVE)
    query = (
        select(Reservation)
        .join(Example, Example.id == Reservation.example_id)
        .where(Reservation.id.in_(held.limit(MOST_HELD)), *conditions(PROJECT, filter_of(key)))
        .where(Reservation.slot == SETTLING if queue == "settle" else Reservation.slot > SETTLING)
    )
    if queue == "draft":
        query = query.join(Draft, and_(Draft.example_id == Reservation.example_id, Draft.user_id == USER))
        query = query.order_by(Draft.saved_at)
    else:
        query = query.where(~aside).order_by(Reservation.expires_at.desc())
    if queue == "skipped":
        query = query.where(exists().where(Skip.example_id == Reservation.example_id, Skip.user_id == USER))
    if but:
        query = query.where(Reservation.example_id.not_in(BUT))
    return query.limit(1)


def keep(session: Session, held: Reservation, how_long: timedelta = IN_HAND) -> None:
    """It stays this person's for so long from now."""
    session.execute(
        update(Reservation)
        .where(Reservation.id == held.id)
        .values(expires_at=func.greatest(Reservation.expires_at, func.clock_timestamp() + how_long))
        .execution_options(synchronize_session=False)
    )
    session.refresh(held)


KEEP_SHOWN = (
    update(Reservation)
    .where(Reservation.example_id == bindparam("example"), Reservation.user_id == bindparam("user"), LIVE)
    .values(expires_at=func.greatest(Reservation.expires_at, func.clock_timestamp() + IN_HAND))
    .execution_options(synchronize_session=False)
)


def keep_shown(session: Session, user_id: str, example_id: str) -> None:
    """What was ahead is in hand now."""
    session.execute(KEEP_SHOWN, {"example": example_id, "user": user_id})


def keep_all(session: Session, project_id: str, user_id: str, held: Reservation) -> None:
    """A sign of life: the one in hand, and those ahead for a shorter time."""
    ahead = func.greatest(Reservation.expires_at, func.clock_timestamp() + AHEAD)
    session.execute(
        update(Reservation)
        .where(Reservation.project_id == project_id, Reservation.user_id == user_id, LIVE)
        .values(expires_at=ahead)
        .execution_options(synchronize_session=False)
    )
    keep(session, held)


# The lowest place that is free, or that somebody's time ran out on; where there is one's own, that one.
# The unique keys decide where two come at once: the second gets nothing and looks again.
OWN = """
update reservations r set expires_at = clock_timestamp() + :long,
  created_at = case when r.expires_at > clock_timestamp() then r.created_at else clock_timestamp() end
where r.example_id = :example and r.user_id = :user and r.slot between :low and :high returning r.*
"""
FREE = """
insert into reservations (id, project_id, example_id, slot, user_id, created_at, expires_at)
select :id, :project, :example, slot, :user, clock_timestamp(), clock_timestamp() + :long
from generate_series(cast(:low as int), cast(:high as int)) slot
where not exists (select from reservations r where r.example_id = :example
                  and (r.user_id = :user or (r.slot = slot.slot and r.expires_at > clock_timestamp())))
  and not exists (select from annotations a where a.example_id = :example and a.slot = slot.slot)
order by slot limit 1
on conflict (example_id, slot) do update set id = excluded.id, user_id = excluded.user_id,
  created_at = excluded.created_at, expires_at = excluded.expires_at
where reservations.expires_at <= clock_timestamp()
returning *
"""
PLACES = tuple(select(Reservation).from_statement(text(statement)) for statement in (FREE, OWN))


def take(
    session: Session,
    project_id: str,
    user_id: str,
    example_id: str,
    places: range,
    how_long: timedelta = IN_HAND,
) -> Reservation | None:
    """A place among ``places`` at this example, or None if all are taken. Answers the place that is held already."""
    values = {
        "id": new_id(),
        "project": project_id,
        "example": example_id,
        "user": user_id,
        "low": places.start,
        "high": places.stop - 1,
        "long": how_long,
    }
    for statement in PLACES:
        found: Reservation | None = session.scalar(statement, values, execution_options={"populate_existing": True})
        if found is not None:
            return found
    return None


def find(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation | None:
    """This person's reservation, also an expired one that nobody has taken over."""
    found = session.get(Reservation, reservation_id) if is_id(reservation_id) else None
    return found if found and (found.project_id, found.user_id) == (project_id, user_id) else None


def get(session: Session, project_id: str, user_id: str, reservation_id: str) -> Reservation:
    found = find(session, project_id, user_id, reservation_id)
    if found is None:
        raise NotFound("This reservation")
    return found


NEWEST = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
CONTENT = select(Example, Revision).join(Revision, NEWEST).where(Example.id == bindparam("example"))
HELD_CONTENT = (
    select(Reservation, Example, Revision)
    .join(Example, Example.id == Reservation.example_id)
    .join(Revision, NEWEST)
    .where(Reservation.id == bindparam("id"))
    .where(Reservation.project_id == bindparam("project"), Reservation.user_id == bindparam("user"))
)


def content(session: Session, held: Reservation) -> Row[Example, Revision]:
    """The example that is held, and its newest revision."""
    return session.execute(CONTENT, {"example": held.example_id}).one()


def held_content(
    session: Session, project_id: str, user_id: str, reservation_id: str
) -> Row[Reservation, Example, Revision] | None:
    """This person's reservation with its example and newest revision; see ``find``."""
    if not is_id(reservation_id):
        return None
    return session.execute(HELD_CONTENT, {"id": reservation_id, "project": project_id, "user": user_id}).first()


@dataclass(frozen=True)
class GivenBack:
    """``id`` and ``lasted`` (seconds) of the reservation that ended, None where there was none; ``aside``: seconds
    spent before it was skipped or put aside; ``waiting``: opinions that wait at the example; ``others``: places that
    others hold."""

    id: str | None
    lasted: float | None
    aside: float
    waiting: int
    others: int


GIVE_BACK = text("""
with ended as (delete from reservations where example_id = :example and user_id = :user
               returning id, extract(epoch from clock_timestamp() - created_at) as lasted),
     skipped as (delete from skips where example_id = :example and user_id = :user returning seconds),
     drafted as (delete from annotation_drafts where example_id = :example and user_id = :user returning seconds)
select (select id from ended) as id, (select lasted from ended) as lasted,
  coalesce((select sum(seconds) from skipped), 0) + coalesce((select sum(seconds) from drafted), 0) as aside,
  (select count(*) from annotations where example_id = :example and slot is not null) as waiting,
  (select count(*) from reservations where example_id = :example and user_id <> :user and slot > 0
     and expires_at > clock_timestamp()) as others
""")


def give_back(session: Session, example_id: str, user_id: str) -> GivenBack:
    """The person is done with the example: neither reserved, nor skipped, nor put aside any more."""
    row = session.execute(GIVE_BACK, {"example": example_id, "user": user_id}).one()
    lasted = None if row.lasted is None else float(row.lasted)
    return GivenBack(row.id and str(row.id), lasted, float(row.aside), row.waiting, row.others)


def lasted(session: Session, held: Reservation) -> float:
    """Seconds since the place was taken."""
    return session.scalar(select(_age()).where(Reservation.id == held.id)) or 0.0


def _age() -> Any:
    return func.extract("epoch", func.clock_timestamp() - Reservation.created_at).cast(Double).label("lasted")


def skip(session: Session, example_id: str, user_id: str, seconds: float) -> None:
    now = func.clock_timestamp()
    row = insert(Skip).values(example_id=example_id, user_id=user_id, seconds=seconds, created_at=now)
    more = {"created_at": now, "seconds": Skip.seconds + row.excluded.seconds}
    session.execute(row.on_conflict_do_update(index_elements=["example_id", "user_id"], set_=more))
