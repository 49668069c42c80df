"""Verbs of examples: edit, restore, decide the status. Every change of content is a new revision."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.audit import record, recorded
from app.accounts.models import User
from app.core.errors import Conflict, Invalid, NotFound
from app.examples import queries
from app.examples.changes import changed
from app.examples.chat import Refused
from app.examples.models import STATUSES, Example, Revision
from app.examples.rules import ParsedExample, parse_example


class Unset(Enum):
    """Stands for a field that was not given, where None is a value of its own."""

    UNSET = "unset"


UNSET = Unset.UNSET


def revise(
    session: Session,
    user: User | None,
    example: Example,
    base_revision: int,
    *,
    messages: Sequence[Mapping[str, Any]] | None = None,
    tags: Sequence[str] | None = None,
    behavior: str | Unset | None = UNSET,
    expected: Mapping[str, Any] | Unset | None = UNSET,
    non_preferred: Sequence[Mapping[str, Any]] | Unset | None = UNSET,
    reason: str = "",
) -> Example:
    """Make the next revision out of revision ``base_revision`` and what is given; nothing changed makes none.

    Raises Conflict if somebody else has made a newer revision meanwhile, Invalid naming the field that is wrong.
    Changed content of an approved, rejected or needs-work example goes back to ``to_review``; tags alone do not.
    Call it before other changes to the example's row in the same transaction: it takes locks in a fixed order.
    """
    old = queries.revision(session, example.id, base_revision)
    parsed = _parsed(old, messages, tags, behavior, expected, non_preferred)
    if parsed.fingerprint_unit != old.fingerprint_unit:
        queries.lock_splits(session, example.project_id)
    queries.lock_current(session, example)
    if example.deleted_at is not None:
        raise NotFound("This example")
    if example.revision != base_revision:
        raise Conflict(
            f"Revision {example.revision} of this example was made while you edited revision {base_revision}."
        )
    if parsed.content_hash == old.content_hash and (parsed.tags, parsed.behavior) == (old.tags, old.behavior):
        return example
    if parsed.fingerprint_unit != old.fingerprint_unit:
        example.split = _place(session, example, parsed)
    _add_revision(session, user, example, parsed, old.extra, reason)
    _show(example, parsed)
    if parsed.content_hash != old.content_hash and example.status != "draft":
        example.status = "to_review"
    record(
        session,
        "edit",
        "example",
        example.id,
        actor_id=user.id if user else None,
        project_id=example.project_id,
        revision=example.revision,
        number=example.number,
    )
    session.flush()
    return example


def proposed(
    old: Revision,
    *,
    messages: Sequence[Mapping[str, Any]] | None = None,
    tags: Sequence[str] | None = None,
    behavior: str | Unset | None = UNSET,
    expected: Mapping[str, Any] | Unset | None = UNSET,
) -> ParsedExample:
    """What ``revise`` would make of a revision, checked and not stored. Raises Invalid naming the wrong field."""
    return _parsed(old, messages, tags, behavior, expected, UNSET)


def _parsed(
    old: Revision,
    messages: Sequence[Mapping[str, Any]] | None,
    tags: Sequence[str] | None,
    behavior: str | Unset | None,
    expected: Mapping[str, Any] | Unset | None,
    non_preferred: Sequence[Mapping[str, Any]] | Unset | None,
) -> ParsedExample:
    """The old revision with the given fields in the place of its own, checked."""
    wanted = dict(old.expected or {}) if isinstance(expected, Unset) else dict(expected or {})
    if isinstance(behavior, Unset):
        kept = wanted.get("behavior") or old.behavior
    else:
        kept = behavior
    wanted.pop("behavior", None)
    fields = {
        "messages": old.messages if messages is None else [dict(message) for message in messages],
        "tools": old.tools,
        "expected": wanted,
        "non_preferred_output": _answer(old.non_preferred if isinstance(non_preferred, Unset) else non_preferred),
        "behavior": kept,
        "tags": old.tags if tags is None else list(tags),
        "metadata": old.extra,
    }
    has_group = old.group_unit != old.fingerprint_unit
    try:
        return parse_example(fields, group_unit=old.group_unit if has_group else None)
    except Refused as error:
        raise _invalid(error) from error


def _answer(messages: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    return None if messages is None else [dict(message) for message in messages]


def _place(session: Session, example: Example, parsed: ParsedExample) -> str:
    """Register the new prompt on the example's own side, and answer the side where the example then stands."""
    unit = parsed.fingerprint_unit
    queries.register_units(session, example.project_id, [unit], example.split)
    held_out = bool(queries.test_side(session, example.project_id, [unit]))
    if example.split == "test" and not held_out:
        try:
            with session.begin_nested():
                queries.move_to_test(session, example.project_id, [unit])
        except IntegrityError as error:
            raise Conflict(
                "This example is held out for testing, and the new request stands in a frozen dataset version. "
                "Word the request differently."
            ) from error
    return "test" if held_out else example.split


def add(
    session: Session, user: User | None, project_id: str, fields: Mapping[str, Any], *, status: str = "to_review"
) -> Example:
    """Add one example (a line of interfaces.md §4 as a mapping). Raises Invalid naming the field that is wrong."""
    try:
        parsed = parse_example(fields)
    except Refused as error:
        raise _invalid(error) from error
    return add_parsed(session, user, project_id, parsed, status=status)


def add_parsed(
    session: Session,
    user: User | None,
    project_id: str,
    parsed: ParsedExample,
    *,
    status: str = "to_review",
    reason: str = "",
) -> Example:
    """Add one example that was checked already. Where one of its units is held out, it stands on the test side."""
    units = {parsed.fingerprint_unit, parsed.group_unit}
    queries.lock_splits(session, project_id)
    queries.register_units(session, project_id, units, "train")
    held_out = queries.test_side(session, project_id, sorted(units))
    example = Example(
        project_id=project_id, revision=0, status=status, split="test" if held_out else "train", source=parsed.source
    )
    _show(example, parsed)
    session.add(example)
    session.flush()
    _add_revision(session, user, example, parsed, parsed.extra, reason)
    record(session, "add", "example", example.id, actor_id=user.id if user else None, project_id=project_id)
    session.flush()
    return example


def _invalid(error: Refused) -> Invalid:
    loc, _, message = str(error).partition(": ")
    return Invalid.field(loc, message or str(error))


def _add_revision(
    session: Session,
    user: User | None,
    example: Example,
    parsed: ParsedExample,
    extra: dict[str, Any],
    reason: str = "",
) -> None:
    example.revision += 1
    session.add(
        Revision(
            project_id=example.project_id,
            example_id=example.id,
            number=example.revision,
            messages=parsed.messages,
            tools=parsed.tools,
            expected=parsed.expected,
            non_preferred=parsed.non_preferred,
            extra=extra,
            behavior=parsed.behavior,
            tags=parsed.tags,
            fingerprint_unit=parsed.fingerprint_unit,
            group_unit=parsed.group_unit,
            content_hash=parsed.content_hash,
            author_id=user.id if user else None,
            reason=reason,
        )
    )
    changed(session, example.project_id)


def _show(example: Example, parsed: ParsedExample) -> None:
    """Bring what lists and filters read up to date with the content."""
    for name in ("behavior", "tags", "fingerprint_unit", "group_unit", "request", "answer"):
        setattr(example, name, getattr(parsed, name))
    example.updated_at = func.now()


def restore(session: Session, user: User, example: Example, number: int, base_revision: int) -> Example:
    """Make revision ``number`` the current content again, as a new revision on top of ``base_revision``."""
    wanted = queries.revision(session, example.id, number)
    return revise(
        session,
        user,
        example,
        base_revision,
        messages=wanted.messages,
        tags=wanted.tags,
        behavior=wanted.behavior,
        expected=wanted.expected,
        non_preferred=wanted.non_preferred,
        reason=f"restored revision {number}",
    )


def set_status(
    session: Session, user: User | None, example: Example, status: str, *, action: str = "set-status"
) -> None:
    """Decide: ``approved``, ``rejected``, ``needs_work``, ``to_review``, ``draft``. ``action`` is the audit's verb."""
    values = decision(session, user, example, status, action=action)
    if values is not None:
        session.execute(queries.DECIDE, values)
        queries.decided(session, example, status)


def decision(
    session: Session, user: User | None, example: Example, status: str, *, action: str
) -> dict[str, Any] | None:
    """The values of ``queries.DECIDE``, which sets the status and writes the audit's line; None where the status is
    this one already. For a statement that does more than that: call ``queries.decided`` after it."""
    if status not in STATUSES:
        raise Invalid.field("status", f"One of {', '.join(STATUSES)}.")
    before = example.status
    if before == status:
        return None
    if "rejected" in (before, status):  # it leaves the training pool, or comes back
        changed(session, example.project_id)
    line = recorded(
        action,
        "example",
        example.id,
        actor_id=user.id if user else None,
        project_id=example.project_id,
        status=status,
        before=before,
        number=example.number,
    )
    return line | {"decided_id": example.id, "decided_status": status}
