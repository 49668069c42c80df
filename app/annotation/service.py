"""Verbs of the review queue: hand out, decide, skip, undo."""

from typing import Any

from sqlalchemy.orm import Session

from app.annotation import queries
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation, Reservation
from app.core.errors import Conflict, Forbidden, Invalid
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.forms import ExampleFilter
from app.examples.models import Example
from app.projects.access import Access

STATUS_OF = {"approve": "approved", "reject": "rejected", "needs_work": "needs_work"}


def queue_filter(wanted: ExampleFilter | None = None) -> ExampleFilter:
    """A queue holds what waits for review and may be trained on, unless it is asked for something else."""
    wanted = wanted or ExampleFilter()
    return wanted.model_copy(update={"status": wanted.status or "to_review", "split": wanted.split or "train"})


def next_item(session: Session, access: Access, wanted: ExampleFilter | None = None) -> Reservation | None:
    """What this person holds already, else the next free example, reserved for them; None when nothing is left."""
    wanted = queue_filter(wanted)
    held = queries.mine(session, access.project.id, access.user.id, wanted)
    return held or queries.reserve_next(session, access.project.id, access.user.id, wanted)


def annotate(
    session: Session, access: Access, example: Example, new: NewAnnotation, *, reservation_id: str | None = None
) -> Annotation:
    """Take a verdict with the reviewer's own edits, and release the example.

    A ``client_token`` that was seen answers the first annotation, whatever else is sent. A second verdict of the same
    person on the same revision takes the place of the first. Raises Conflict if the example has changed meanwhile,
    if somebody else holds it, or if ``reservation_id`` is no longer this person's.
    """
    seen = queries.by_token(session, access.user.id, new.client_token)
    if seen is not None:
        return seen
    try:
        return _annotate(session, access, example, new, reservation_id)
    except Conflict:
        seen = queries.by_token(session, access.user.id, new.client_token)
        if seen is None:
            raise
        return seen  # the same request, sent twice at once: the other one was served first


def _annotate(
    session: Session, access: Access, example: Example, new: NewAnnotation, reservation_id: str | None
) -> Annotation:
    if new.revision != example.revision:
        raise _changed(example)
    before = {"status": example.status, "revision": example.revision}
    edits = _edits(session, access, example, new)
    # This takes the lock on the example, in the order that edits everywhere take theirs; what follows is alone with it
    example_service.revise(session, access.user, example, new.revision, reason="edited in review", **edits)
    released = queries.release(session, example.id, access.user.id)
    lost = reservation_id not in released if reservation_id else queries.held(session, example.id)
    if lost:
        raise Conflict("Somebody else has this example now: it was free again after 15 minutes of rest.")
    example_service.set_status(session, access.user, example, STATUS_OF[new.verdict], action=new.verdict)
    queries.unskip(session, example.id, access.user.id)
    keys = {"project_id": access.project.id, "example_id": example.id, "annotator_id": access.user.id}
    said = new.model_dump(include={"verdict", "label", "note", "flagged", "seconds", "client_token"})
    said["guideline_version"] = access.project.guideline_version
    return queries.put(session, **keys, **said, revision=example.revision, before=before)


def skip(session: Session, access: Access, reservation: Reservation) -> None:
    """Pass over an example: it goes to others, and comes back to this person at the end."""
    queries.skip(session, reservation.example_id, access.user.id)
    queries.release(session, reservation.example_id, access.user.id)


def take_back(session: Session, access: Access, annotation: Annotation) -> Example:
    """Undo: the example stands as it stood before, as a new revision if the content had been edited."""
    if annotation.annotator_id != access.user.id:
        raise Forbidden("Only the person who made an annotation can take it back.")
    example = examples.get(session, access.project.id, annotation.example_id)
    _check_untouched(example, annotation)
    if annotation.before["revision"] != annotation.revision:
        example_service.restore(session, access.user, example, annotation.before["revision"], annotation.revision)
    else:
        examples.lock_current(session, example)
        _check_untouched(example, annotation)
    example_service.set_status(session, access.user, example, annotation.before["status"], action="undo")
    session.delete(annotation)
    session.flush()
    return example


def undo(session: Session, access: Access, annotation: Annotation) -> Reservation | None:
    """Take the decision back and hand the example to the same person again, unless somebody else has it already."""
    example = take_back(session, access, annotation)
    queries.release_all(session, access.project.id, access.user.id)
    return queries.take(session, access.project.id, access.user.id, example.id)


def _edits(session: Session, access: Access, example: Example, new: NewAnnotation) -> dict[str, Any]:
    edits: dict[str, Any] = {"messages": new.messages, "tags": new.tags}
    if new.behavior is not None:
        edits["behavior"] = new.behavior
    if new.label is not None:
        if access.project.labels and new.label not in access.project.labels:
            raise Invalid.field("label", f"“{new.label}” is not a label of this project.")
        expected = examples.revision(session, example.id, example.revision).expected or {}
        edits["expected"] = expected | {"label": new.label}
    return edits


def _check_untouched(example: Example, annotation: Annotation) -> None:
    if example.revision != annotation.revision or example.status != STATUS_OF[annotation.verdict]:
        raise _changed(example)


def _changed(example: Example) -> Conflict:
    return Conflict(f"#{example.number} has changed meanwhile: revision {example.revision} is the newest.")
