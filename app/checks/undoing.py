"""Taking a decision over findings back. What somebody has changed since keeps its newer state."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.checks import queries, rules
from app.checks.models import Finding, FindingChange, FindingDecision
from app.checks.reconcile import lock, summarise
from app.checks.scan import look_again
from app.core.errors import Conflict, Forbidden, NotFound
from app.datasets.near import service as near
from app.examples import service as examples
from app.examples.models import Example
from app.examples.queries import lock_current, lock_splits, one_of_ids
from app.projects.access import Access


def undo(session: Session, access: Access, change_id: str, now: datetime) -> FindingChange:
    """Once, by the person who decided. Examples get their content and status back, findings their state."""
    lock_splits(session, access.project.id)
    lock(session, access.project.id)
    change = queries.change(session, access.project.id, change_id, lock=True)
    if change is None:
        raise NotFound("This decision")
    if change.created_by != access.user.id:
        raise Forbidden("Only the person who decided can take it back.")
    if change.undone_at is not None:
        raise Conflict("This was taken back already.")
    findings = _findings(session, change)
    ids = {one.example_id for one in findings} | set(change.before["examples"])
    for unit, other in change.before.get("apart", ()):
        near.rejoin(session, access.user, access.project.id, unit, other)
    for example_id, was in sorted(change.before["examples"].items()):
        _restore(session, access, example_id, was)
    change.undone_at = func.now()
    look_again(session, access.project, ids, now)
    _states(session, access, change, findings, now)
    summarise(session, ids)
    record(session, "undo", "findings", change.id, actor_id=access.user.id, project_id=access.project.id)
    session.flush()
    session.refresh(change)
    return change


def _findings(session: Session, change: FindingChange) -> list[Finding]:
    query = select(Finding).where(one_of_ids(Finding.id, change.before["findings"]))
    return list(session.scalars(query.order_by(Finding.id).execution_options(populate_existing=True)))


def _restore(session: Session, access: Access, example_id: str, was: dict[str, Any]) -> None:
    example = session.get(Example, example_id)
    if example is None or example.deleted_at is not None:
        return
    lock_current(session, example)
    if example.revision != was["revision_after"] or example.status != was["status_after"]:
        return
    if was["revision"] != example.revision:
        examples.restore(session, access.user, example, was["revision"], example.revision)
    examples.set_status(session, access.user, example, was["status"], action="undo")


def _states(session: Session, access: Access, change: FindingChange, findings: list[Finding], now: datetime) -> None:
    """As they were before; one that is not seen any more stays resolved."""
    for one in findings:
        session.refresh(one)
        state, until = change.before["findings"][one.id]
        if one.state != "resolved" and one.state != state:
            one.state, one.state_at = state, now
            one.until = datetime.fromisoformat(until) if until else None
        said = {"action": "undo", "expires_at": one.until if state == "accepted" else None}
        session.add(FindingDecision(finding_id=one.id, project_id=one.project_id, user_id=access.user.id, **said))


def sentence(change: FindingChange) -> str:
    """What was done, for the notice: ``3 findings masked in 2 examples.``"""
    action = rules.ACTIONS[change.action]
    noun = "finding" if change.size == 1 else "findings"
    changed = f" {change.examples:,} {'example' if change.examples == 1 else 'examples'} changed."
    more = f" {change.left:,} more match." if change.left else ""
    return f"{change.size:,} {noun} {action.past}." + (changed if change.examples else "") + more
