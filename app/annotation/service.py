"""Verbs of the review queue: hand out, decide, skip, undo."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.annotation import queries
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation, Reservation
from app.core.errors import Conflict, Forbidden
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.projects.access import Access

STATUS_OF = {"approve": "approved", "reject": "rejected", "needs_work": "needs_work"}


def queue_filter(wanted: ExampleFilter | None = None) -> ExampleFilter:
    """Without a status of its own a queue holds what waits for review."""
    wanted = wanted or ExampleFilter()
    return wanted if wanted.status else wanted.model_copy(update={"status": "to_review"})


def next_item(session: Session, access: Access, wanted: ExampleFilter | None = None) -> Reservation | None:
    """What this person holds already, else the next free example, reserved for them; None when nothing is left."""
    wanted = queue_filter(wanted)
    held = queries.mine(session, access.project.id, access.user.id, wanted)
    return held or queries.reserve_next(session, access.project.id, access.user.id, wanted)


def annotate(session: Session, access: Access, example: Example, new: NewAnnotation) -> Annotation:
    """Take a verdict with the reviewer's own edits, and release the example.

    The same ``client_token`` again answers the first annotation. Raises Conflict if the example changed meanwhile or
    somebody else holds it.
    """
    if new.client_token:
        seen = queries.by_token(session, access.user.id, new.client_token)
        if seen is not None:
            return seen
    if queries.held_by_other(session, example.id, access.user.id):
        raise Conflict("Somebody else is reviewing this example right now.")
    before = {"status": example.status, "revision": example.revision}
    edits: dict[str, Any] = {"messages": new.messages, "tags": new.tags}
    if new.behavior is not None:
        edits["behavior"] = new.behavior
    example_service.revise(session, access.user, example, new.revision, reason="edited in review", **edits)
    example_service.set_status(session, access.user, example, STATUS_OF[new.verdict])
    annotation = queries.of_revision(session, example.id, example.revision, access.user.id)
    if annotation is None:
        annotation = Annotation(
            project_id=access.project.id,
            example_id=example.id,
            revision=example.revision,
            annotator_id=access.user.id,
            before=before,
        )
        session.add(annotation)
    for name in ("verdict", "label", "note", "flagged", "seconds", "client_token"):
        setattr(annotation, name, getattr(new, name))
    queries.release(session, example.id, access.user.id)
    queries.unskip(session, example.id, access.user.id)
    session.flush()
    record(
        session,
        new.verdict,
        "example",
        example.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        number=example.number,
        revision=example.revision,
    )
    return annotation


def skip(session: Session, access: Access, reservation: Reservation) -> None:
    """Pass over an example: it goes to others, and comes back to this person at the end."""
    queries.skip(session, reservation.example_id, access.user.id)
    queries.release(session, reservation.example_id, access.user.id)


def take_back(session: Session, access: Access, annotation: Annotation) -> Example:
    """Undo: the example stands as it stood before, as a new revision if the content had been edited."""
    if annotation.annotator_id != access.user.id:
        raise Forbidden("Only the person who made an annotation can take it back.")
    example = examples.get(session, access.project.id, annotation.example_id)
    if example.revision != annotation.revision:
        raise Conflict("The example was changed after this decision: open it to see its history.")
    if annotation.before["revision"] != annotation.revision:
        example_service.restore(session, access.user, example, annotation.before["revision"], example.revision)
    example_service.set_status(session, access.user, example, annotation.before["status"])
    session.delete(annotation)
    session.flush()
    record(
        session,
        "undo",
        "annotation",
        annotation.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        number=example.number,
    )
    return example


def undo_last(session: Session, access: Access) -> Reservation | None:
    """Take back this person's newest decision and hand the example to them again."""
    newest = next(iter(queries.latest(session, access.project.id, access.user.id, 1)), None)
    if newest is None:
        raise Conflict("There is nothing to undo.")
    example = take_back(session, access, newest)
    for held in filter(None, [queries.mine(session, access.project.id, access.user.id, ExampleFilter())]):
        queries.release(session, held.example_id, access.user.id)
    return queries.take(session, access.project.id, access.user.id, example.id)
