"""One action over many examples, and taking it back."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, NotFound
from app.core.ids import is_id
from app.examples import bulk_queries
from app.examples.changes import changed
from app.examples.forms import BulkAction
from app.examples.models import BulkChange
from app.examples.queries import conditions

MAX_BULK = 100_000  # all of a large project: 40 to 75 s on a busy machine, whose rows others wait for so long
STATUS_AFTER = {"approve": "approved", "reject": "rejected", "needs_work": "needs_work", "to_review": "to_review"}
DECISIONS = set(STATUS_AFTER) - {"to_review"}
SEVERAL = "This project asks for several opinions: examples are decided in the review queue."
WORDS = {
    "approve": "approved",
    "reject": "rejected",
    "needs_work": "marked as needing work",
    "to_review": "sent back to review",
    "tag": "tagged",
    "untag": "untagged",
    "delete": "deleted",
}


def apply(
    session: Session, user: User, project_id: str, wanted: BulkAction, *, decides_alone: bool = True
) -> BulkChange:
    """Do it to everything that matches; raises Conflict when that is another number than expected, and where several
    opinions are asked for and this person may not decide without them (``decides_alone``).

    The answer names what really changed: an example that is approved already is not approved again.
    """
    where = conditions(project_id, wanted.filter)
    return apply_where(
        session, user, project_id, where, wanted.action, wanted.tag, wanted.expected_count, decides_alone=decides_alone
    )


def apply_where(
    session: Session,
    user: User,
    project_id: str,
    where: Sequence[ColumnElement[bool]],
    action: str,
    tag: str | None,
    expected_count: int,
    *,
    decides_alone: bool = True,
) -> BulkChange:
    """The same for conditions that a later stage gives."""
    found = bulk_queries.lock_matching(session, where, MAX_BULK + 1)
    if len(found) > MAX_BULK:
        raise Conflict(f"At most {MAX_BULK:,} examples at once, and more match; narrow the filter.")
    if len(found) != expected_count:
        raise Conflict(f"The filter matches {len(found):,} examples now, not {expected_count:,}. Look again.")
    if not decides_alone and action in DECISIONS and any(status == "to_review" for _, status in found):
        raise Conflict(f"{SEVERAL} Leave out what waits for review.")
    ids = [row[0] for row in found]
    before: dict[str, list[str]] = {}
    if action in STATUS_AFTER:
        after = STATUS_AFTER[action]
        for one_id, status in found:
            if status != after:
                before.setdefault(status, []).append(one_id)
        bulk_queries.set_status(session, [one for group in before.values() for one in group], after)
    elif action == "delete":
        before[""] = bulk_queries.set_deleted(session, ids, True)
    else:
        before[""] = bulk_queries.retag(session, user.id, ids, str(tag), add=action == "tag")
    return _remember(session, user, project_id, action, tag, before)


def _remember(
    session: Session, user: User, project_id: str, action: str, tag: str | None, before: dict[str, list[str]]
) -> BulkChange:
    size = sum(len(ids) for ids in before.values())
    change = BulkChange(project_id=project_id, action=action, tag=tag, before=before, size=size, created_by=user.id)
    session.add(change)
    session.flush()
    changed(session, project_id)
    detail = {"do": action, "examples": size, "tag": tag}
    record(session, "bulk", "examples", change.id, actor_id=user.id, project_id=project_id, **detail)
    return change


def undo(session: Session, user: User, project_id: str, change_id: str) -> int:
    """Take a bulk action back, once. Examples that somebody has changed since keep their newer state."""
    change = bulk_queries.locked_change(session, project_id, change_id) if is_id(change_id) else None
    if change is None:
        raise NotFound("This action")
    if change.undone_at is not None:
        raise Conflict("This was taken back already.")
    undone = 0
    for state, ids in change.before.items():
        undone += _restore(session, user, change, state, ids)
    bulk_queries.mark_undone(session, change)
    changed(session, project_id)
    record(session, "bulk-undo", "examples", change.id, actor_id=user.id, project_id=project_id, examples=undone)
    return undone


def _restore(session: Session, user: User, change: BulkChange, state: str, ids: Sequence[str]) -> int:
    if change.action in STATUS_AFTER:
        return bulk_queries.set_status(session, ids, state, only_if=STATUS_AFTER[change.action])
    if change.action == "delete":
        return len(bulk_queries.set_deleted(session, ids, False))
    return len(bulk_queries.retag(session, user.id, ids, str(change.tag), add=change.action == "untag"))


def sentence(change: BulkChange) -> str:
    """What was done, for the notice: ``12 examples tagged “edge case”.``"""
    tag = f" “{change.tag}”" if change.tag else ""
    return f"{change.size:,} {'example' if change.size == 1 else 'examples'} {WORDS[change.action]}{tag}."
