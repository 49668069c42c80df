"""One opinion: what it changes at once where a project asks for one, and what waits where it asks for several."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.annotation import queries
from app.annotation import reservation_queries as places
from app.annotation import taking_queries as taking
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation
from app.annotation.reservation_queries import GivenBack
from app.annotation.rules import STATUS_OF, Opinion, agreed, clamped
from app.core.errors import Conflict, Forbidden, Invalid
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.models import Example, Revision
from app.projects.access import Access

GONE = "Somebody else has this example now: it was free again after 15 minutes of rest."


def annotate(
    session: Session, access: Access, example: Example, new: NewAnnotation, *, reservation_id: str | None = None
) -> Annotation:
    """Take a verdict with the reviewer's own edits, and release the example.

    A ``client_token`` that was seen answers the first annotation, whatever else is sent. A second verdict of the same
    person on the same revision takes the place of the first. Raises Conflict if the example has changed meanwhile,
    if it has all its opinions, if others hold its places, or if ``reservation_id`` is no longer this person's.
    """
    several = access.project.overlap > 1 and example.status == "to_review"
    if several or not reservation_id:  # else the reservation tells: the first decision has ended it
        seen = queries.by_token(session, access.user.id, new.client_token)
        if seen is not None:
            return seen
    try:
        return (_one_of_several if several else _alone)(session, access, example, new, reservation_id)
    except Conflict:
        seen = queries.by_token(session, access.user.id, new.client_token)
        if seen is None:
            raise
        return seen  # the same request, sent twice at once: the other one was served first


def _alone(
    session: Session, access: Access, example: Example, new: NewAnnotation, reservation_id: str | None
) -> Annotation:
    if new.revision != example.revision:
        raise changed(example)
    before: dict[str, Any] = {"status": example.status, "revision": example.revision}
    edits = edits_given(session, access, example, new)
    if _edited(example, new) or "expected" in edits:
        example_service.revise(session, access.user, example, new.revision, reason="edited in review", **edits)
        ended = _given_back(session, access, example, reservation_id)
    else:  # most verdicts are on the text as it stands; what was read before the lock may be old
        ended = _given_back(session, access, example, reservation_id)
        if example.revision != new.revision or example.deleted_at is not None:
            raise changed(example)
        before["status"] = example.status
    if ended.waiting and example.status == "to_review":
        raise Conflict("Several people said different things of this example. It waits to be settled.")
    status = STATUS_OF[new.verdict]
    decision = example_service.decision(session, access.user, example, status, action=new.verdict)
    annotation = queries.put(
        session,
        decision,
        **said(access, example, new),
        seconds=_seconds(new, ended),
        revision=example.revision,
        before=before | {"left": example.revision},
    )
    examples.decided(session, example, status)
    return annotation


def _edited(example: Example, new: NewAnnotation) -> bool:
    return new.messages is not None or new.tags is not None or new.behavior not in (None, example.behavior)


def _one_of_several(
    session: Session, access: Access, example: Example, new: NewAnnotation, reservation_id: str | None
) -> Annotation:
    """The opinion waits with its edits until all are in. The last one decides the example, if they agree."""
    queries.lock_opinions(session, example.id)
    session.refresh(example)
    if new.revision != example.revision or example.status != "to_review" or example.deleted_at is not None:
        raise changed(example)
    proposal = proposal_of(session, access, example, new)
    waiting = queries.opinions(session, example.id)
    own = next((one for one in waiting if one.annotator_id == access.user.id), None)
    others = [one for one in waiting if one is not own]
    if len(waiting) >= access.project.overlap:
        raise Conflict("All opinions on this example are in. What differs is settled by somebody who may.")
    slot = own.slot if own else _place(session, access, example, reservation_id, {one.slot for one in others})
    ended = places.give_back(session, example.id, access.user.id)
    if own:
        queries.remove(session, own)
    annotation = queries.put(
        session,
        **said(access, example, new),
        seconds=_seconds(new, ended),
        revision=example.revision,
        slot=slot,
        blind=True,
        proposal=proposal,
        before={},
    )
    record(
        session,
        "annotate",
        "example",
        example.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        number=example.number,
    )
    if len(others) + 1 >= access.project.overlap:
        decide_if_agreed(session, access.user, example, [*others, annotation], annotation)
    return annotation


def _place(
    session: Session, access: Access, example: Example, reservation_id: str | None, judged: set[int | None]
) -> int:
    """The place that this person holds, or a free one when they come without a reservation.

    Where somebody else's opinion has that place (it was taken and judged while this one was handed out), the lowest
    one without an opinion: the caller holds the lock on opinions, and there are fewer of them than places.
    """
    every = range(1, access.project.overlap + 1)
    held = taking.take(session, access.project.id, access.user.id, example.id, every)
    if held is None or (reservation_id and held.id != reservation_id):
        raise Conflict(GONE)
    return held.slot if held.slot not in judged else next(slot for slot in every if slot not in judged)


def decide_if_agreed(
    session: Session, user: User | None, example: Example, waiting: Sequence[Annotation], last: Annotation
) -> bool:
    """If they agree, what they say is done; ``last`` is the annotation that did it."""
    alike = agreed([Opinion(one.verdict, one.proposal) for one in waiting])
    if alike is None:
        return False
    decide(session, user, example, alike, last, waiting, reason="agreed in review")
    return True


def decide(
    session: Session,
    user: User | None,
    example: Example,
    changes: Mapping[str, Any],
    by: Annotation,
    waiting: Sequence[Annotation],
    reason: str,
) -> None:
    """Make the changes, set the status, close what waited; all of it is kept in ``by``, so that it can be undone.

    The caller holds the lock on the example's opinions.
    """
    if "messages" in changes:
        examples.lock_splits(session, example.project_id)
    examples.lock_current(session, example)
    if example.status != "to_review" or example.revision != by.revision:
        raise changed(example)
    before: dict[str, Any] = {"status": example.status, "revision": example.revision}
    before["open"] = {one.id: one.slot for one in waiting}
    edits = edits_of(session, example, changes)
    example_service.revise(session, user, example, example.revision, reason=reason, **edits)
    example_service.set_status(session, user, example, STATUS_OF[by.verdict], action=by.verdict)
    by.before = before | {"left": example.revision}
    session.flush()
    queries.close(session, example.id)
    session.refresh(by)


def edits_of(session: Session, example: Example, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A proposal as the arguments of ``revise``."""
    edits = {name: value for name, value in changes.items() if name != "label"}
    if "label" in changes:
        expected = examples.revision(session, example.id, example.revision).expected or {}
        edits["expected"] = expected | {"label": changes["label"]}
    return edits


def proposal_of(session: Session, access: Access, example: Example, new: NewAnnotation) -> dict[str, Any]:
    """What this opinion would change. Raises Invalid as if it were changed now."""
    old = examples.revision(session, example.id, example.revision)
    parsed = example_service.proposed(old, **edits_given(session, access, example, new))
    return difference(old, parsed.messages, parsed.tags, parsed.behavior, (parsed.expected or {}).get("label"))


def difference(
    old: Revision, messages: Sequence[Any], tags: Sequence[str], behavior: str | None, label: Any
) -> dict[str, Any]:
    """Those of the fields that differ from the revision."""
    found = {"messages": messages, "tags": tags, "behavior": behavior, "label": label}
    stood = {"messages": old.messages, "tags": old.tags, "behavior": old.behavior}
    stood["label"] = (old.expected or {}).get("label")
    return {name: value for name, value in found.items() if value != stood[name]}


def take_back(session: Session, access: Access, annotation: Annotation) -> Example:
    """Undo: the example stands as it stood before, as a new revision if the content had been edited.

    What others said of it, and this annotation closed, waits again.
    """
    if annotation.annotator_id != access.user.id:
        raise Forbidden("Only the person who made an annotation can take it back.")
    example = examples.get(session, access.project.id, annotation.example_id)
    queries.lock_opinions(session, example.id)
    session.refresh(annotation)
    if annotation.slot is None:
        _undo_decision(session, access, example, annotation)
    queries.remove(session, annotation)
    return example


def _undo_decision(session: Session, access: Access, example: Example, annotation: Annotation) -> None:
    if not annotation.before:
        raise changed(example)
    _check_untouched(example, annotation)
    before = annotation.before
    left = before.get("left", annotation.revision)
    if before["revision"] != left:
        example_service.restore(session, access.user, example, before["revision"], left)
    else:
        examples.lock_current(session, example)
        _check_untouched(example, annotation)
    example_service.set_status(session, access.user, example, before["status"], action="undo")
    again = {one: slot for one, slot in before.get("open", {}).items() if one != annotation.id}
    queries.reopen(session, again)


def _check_untouched(example: Example, annotation: Annotation) -> None:
    left = annotation.before.get("left", annotation.revision)
    if example.revision != left or example.status != STATUS_OF[annotation.verdict]:
        raise changed(example)


def _given_back(session: Session, access: Access, example: Example, reservation_id: str | None) -> GivenBack:
    """Give the place back, the example held. Raises Conflict if ``reservation_id`` is no longer this person's, or
    without one if somebody else is at it."""
    ended = places.give_back_and_hold(session, example, access.user.id)
    if reservation_id:
        lost = ended.id != reservation_id
    else:
        lost = ended.id is None and access.project.overlap == 1 and ended.others > 0
    if lost:
        raise Conflict(GONE)
    return ended


def _seconds(new: NewAnnotation, ended: GivenBack) -> float | None:
    """This time, and what was spent on the example before it was skipped or put aside."""
    seconds = clamped(new.seconds, ended.lasted)
    return seconds if seconds is None and not ended.aside else (seconds or 0.0) + ended.aside


def said(access: Access, example: Example, new: NewAnnotation) -> dict[str, Any]:
    keys = {"project_id": access.project.id, "example_id": example.id, "annotator_id": access.user.id}
    given = new.model_dump(include={"verdict", "label", "behavior", "note", "flagged", "client_token"})
    return keys | given | {"settles": False, "guideline_version": access.project.guideline_version}


def edits_given(session: Session, access: Access, example: Example, new: NewAnnotation) -> dict[str, Any]:
    """What is given, as the arguments of ``revise``. A label that the example has already is no edit."""
    edits: dict[str, Any] = {"messages": new.messages, "tags": new.tags}
    if new.behavior is not None:
        edits["behavior"] = new.behavior
    if new.label is not None:
        if access.project.labels and new.label not in access.project.labels:
            raise Invalid.field("label", f"“{new.label}” is not a label of this project.")
        expected = examples.revision(session, example.id, example.revision).expected or {}
        if expected.get("label") != new.label:
            edits["expected"] = expected | {"label": new.label}
    return edits


def changed(example: Example) -> Conflict:
    return Conflict(f"#{example.number} has changed meanwhile: revision {example.revision} is the newest.")
