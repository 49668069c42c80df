"""What people disagree on is settled by one who may; and what they turn out to agree on is done without anybody."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.annotation import queries
from app.annotation import reservation_queries as places
from app.annotation import settle_queries as unsettled
from app.annotation import taking_queries as taking
from app.annotation.deciding import changed, decide, decide_if_agreed, proposal_of, said
from app.annotation.forms import NewAnnotation, NewSettlement
from app.annotation.models import SETTLING, Annotation, Reservation
from app.annotation.rules import clamped
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.examples.models import Example
from app.projects import queries as projects
from app.projects.access import Access

CHUNK = 200
SETTLED = "This one is settled, or an opinion was taken back: there is nothing to settle about it now."


def _check(access: Access) -> None:
    if not access.may_settle:
        raise Forbidden("Engineers and admins settle, and whom they let. Ask one of them for the permission.")


def next_disagreement(session: Session, access: Access) -> Reservation | None:
    """What this person holds already, else the oldest that nobody settles right now."""
    _check(access)
    project, passed_over = access.project, list[str]()
    held = unsettled.mine(session, project.id, access.user.id, project.overlap)
    if held is not None:
        places.keep(session, held)
        return held
    while True:
        found = unsettled.next_disagreement(session, project.id, access.user.id, project.overlap, passed_over)
        if found is None:
            return None
        taken = None
        if not done_if_agreed(session, project.id, found, project.overlap):
            taken = taking.take(session, project.id, access.user.id, found, range(SETTLING, SETTLING + 1))
        if taken is not None:
            return taken
        passed_over.append(found)


def settle(
    session: Session, access: Access, example: Example, new: NewSettlement, reservation_id: str | None = None
) -> Annotation:
    """Decide what others disagreed on: as one of them said (``annotation_id``), or otherwise.

    Raises Conflict if it was settled meanwhile, or the example has changed.
    """
    _check(access)
    seen = queries.by_token(session, access.user.id, new.client_token)
    if seen is not None:
        return seen
    queries.lock_opinions(session, example.id)
    session.refresh(example)
    seen = queries.by_token(session, access.user.id, new.client_token)
    if seen is not None:
        return seen
    waiting = queries.opinions(session, example.id)
    if len(waiting) < access.project.overlap or example.status != "to_review":
        raise Conflict(SETTLED)
    if new.revision != example.revision:
        raise changed(example)
    given = _as_said(waiting, new)
    proposal = given.proposal if isinstance(given, Annotation) else proposal_of(session, access, example, given)
    ended = places.give_back(session, example.id, access.user.id)
    if reservation_id and ended.id != reservation_id:
        raise Conflict("Somebody else settles this one now: it was free again after 15 minutes of rest.")
    fields = {name: getattr(given, name) for name in ("verdict", "label", "behavior")}
    annotation = queries.put(
        session,
        **said(access, example, new) | fields | {"settles": True},
        seconds=clamped(new.seconds, ended.lasted),
        revision=example.revision,
        proposal=proposal,
        before={},
    )
    decide(session, access.user, example, proposal, annotation, waiting, reason="settled")
    return annotation


def _as_said(waiting: Sequence[Annotation], new: NewSettlement) -> Annotation | NewAnnotation:
    if new.annotation_id is None:
        if new.verdict is None:
            raise Invalid.field("verdict", "Choose whose opinion holds, or a verdict of your own.")
        return NewAnnotation.model_validate(new.model_dump(exclude={"annotation_id"}))
    chosen = next((one for one in waiting if one.id == new.annotation_id), None)
    if chosen is None:
        raise NotFound("This opinion")
    return chosen


def done_if_agreed(session: Session, project_id: str, example_id: str, overlap: int) -> bool:
    """Do what all say of an example, if all are in and agree: after the project asks for fewer opinions."""
    queries.lock_opinions(session, example_id)
    example = unsettled.fresh(session, project_id, example_id)
    waiting = queries.opinions(session, example_id)
    if example is None or len(waiting) < overlap or example.status != "to_review":
        return False
    last = max(waiting, key=lambda one: one.id)
    return decide_if_agreed(session, None, example, waiting, last)


def catch_up(project_id: str) -> int:
    """After a change of the overlap: what has all its opinions now and is agreed on is decided. Answers how many.

    A transaction for each example, in order of their ids: it may be stopped and begun again at any moment.
    """
    after, done = None, 0
    while True:
        with transaction() as session:
            project = projects.by_id(session, project_id)
            overlap = project.overlap if project else 0
            ids = unsettled.full(session, project_id, overlap, after, CHUNK) if project else ()
        if not ids:
            return done
        for example_id in ids:
            with transaction() as session:
                done += done_if_agreed(session, project_id, example_id, overlap)
        after = ids[-1]
