"""Verbs of the review queue: hand out, skip, put aside, undo. What an opinion changes stands in ``deciding``."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.annotation import draft_queries as drafts
from app.annotation import reservation_queries as places
from app.annotation import taking_queries as taking
from app.annotation.assignments import queries as assignments
from app.annotation.deciding import annotate, take_back
from app.annotation.forms import Queue
from app.annotation.models import Annotation, Reservation
from app.annotation.rules import clamped
from app.examples.forms import ExampleFilter
from app.projects.access import Access

__all__ = ["annotate", "next_item", "put_aside", "queue_filter", "skip", "take_back", "undo"]


def queue_filter(wanted: ExampleFilter | None = None) -> ExampleFilter:
    """A queue holds what waits for review and may be trained on, unless it is asked for something else."""
    wanted = wanted or ExampleFilter()
    return wanted.model_copy(update={"status": wanted.status or "to_review", "split": wanted.split or "train"})


def overlap_of(access: Access, wanted: ExampleFilter) -> int:
    """How many opinions a queue asks for: what is decided already is changed by one person."""
    return access.project.overlap if wanted.status == "to_review" else 1


def next_item(
    session: Session,
    access: Access,
    wanted: ExampleFilter | None = None,
    queue: Queue = "todo",
    *,
    shown: str | None = None,
) -> Reservation | None:
    """What this person had in hand last, else the next free example, reserved for them; None when nothing is left.

    ``shown`` is the example that they look at right now: the one after it is wanted, to be kept ready.
    """
    wanted = queue_filter(wanted)
    held, asked = places.mine(session, access.project.id, access.user.id, wanted, queue, shown)
    if held is None:
        return _reserve(session, access, wanted, queue, shown, asked)
    places.keep(session, held, places.AHEAD if shown else places.IN_HAND)
    return held


def _reserve(
    session: Session, access: Access, wanted: ExampleFilter, queue: Queue, shown: str | None, asked: bool
) -> Reservation | None:
    """Hand out the next example with a free place; what this person skipped comes after the rest.

    Locks of others are stepped over, so nobody waits. Two who chose the same place at the same moment meet at the
    unique key of the reservations, and the second chooses again.
    """
    user, project = access.user.id, access.project.id
    here, long = range(1, overlap_of(access, wanted) + 1), places.AHEAD if shown else places.IN_HAND
    but = [shown] if shown else []
    for passed_over, among in _ways(user, queue, asked):
        while True:
            found, taken = taking.take_next(
                session, project, user, wanted, queue, here, long, but=but, passed_over=passed_over, among=among
            )
            if found is None:
                break
            # An own place whose time ran out, or one beside the place that was taken a moment ago
            taken = taken or taking.take(session, project, user, found, here, long)
            if taken is not None:
                return taken
            but = [*but, found]
    return None


def _ways(user_id: str, queue: Queue, asked: bool) -> list[tuple[bool, list[ColumnElement[bool]]]]:
    """(of what they skipped, among which) in the order of looking: first what this person was asked to review, what
    others were asked last. ``asked``: whether anybody was."""
    if queue != "todo":
        return [(queue == "skipped", [])]
    first = assignments.mine_first(user_id) if asked else [[]]
    return [*((False, among) for among in first), (True, [])]


def skip(session: Session, access: Access, held: Reservation, seconds: float | None = None) -> None:
    """Pass over an example: it goes to others, and comes back to this person at the end. The time counts.

    A draft is not lost by it: it goes to the end of the drafts.
    """
    if drafts.pass_over(session, held, clamped(seconds, places.lasted(session, held)) or 0.0):
        return
    ended = places.give_back(session, held.example_id, access.user.id)
    places.skip(session, held.example_id, access.user.id, ended.aside + (clamped(seconds, ended.lasted) or 0.0))


def put_aside(
    session: Session, access: Access, held: Reservation, revision: int, fields: Mapping[str, Any], seconds: float | None
) -> None:
    """Keep what was typed as a draft, to be gone on with on any machine; the place stays theirs for a day."""
    drafts.put(session, held, revision, fields, clamped(seconds, places.lasted(session, held)) or 0.0)
    places.keep(session, held, places.PUT_ASIDE)


def undo(session: Session, access: Access, annotation: Annotation) -> Reservation | None:
    """Take the decision back and hand the example to the same person again, unless somebody else has it already."""
    example = take_back(session, access, annotation)
    try:
        with session.begin_nested():
            overlap = range(1, access.project.overlap + 1)
            return taking.take(session, access.project.id, access.user.id, example.id, overlap)
    except IntegrityError:
        return None
