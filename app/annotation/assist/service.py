"""Verbs of model batches, the same for every kind: estimate, start, cancel, resume, decide about lost calls."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.annotation.assist import estimate, queries
from app.annotation.assist.errors import NotSent
from app.annotation.assist.estimate import Estimate
from app.annotation.assist.forms import MOST_EXAMPLES, NewBatch
from app.annotation.assist.kinds import Kind
from app.annotation.assist.models import ModelBatch, ModelBatchItem
from app.annotation.assist.terms import price_of, private
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets.near import service as near
from app.examples.models import Example, Revision
from app.gateway import queries as providers
from app.gateway.models import Provider
from app.jobs.queue import enqueue
from app.projects.access import Access

OPEN = ("queued", "running")


@dataclass(frozen=True)
class Planned:
    """What would be sent: a request per example; ``left_out`` counts those that match and are not sent, by reason."""

    examples: list[tuple[Example, Revision, dict[str, Any]]]
    left_out: dict[str, int]
    estimate: Estimate
    provider: Provider


def plan(session: Session, access: Access, kind: Kind, new: NewBatch) -> Planned:
    """Raises Invalid where nothing, or too much, would be sent."""
    project_id, settings = access.project.id, kind.settings(new, access.project)
    rows = queries.chosen(session, project_id, new.filter, MOST_EXAMPLES + 1)
    if len(rows) > MOST_EXAMPLES:
        raise Invalid.field("filter", f"More than {MOST_EXAMPLES:,} examples match; narrow the choice.")
    try:
        provider = providers.usable(session, new.provider_id)
    except NotFound as error:
        raise Invalid.field("provider_id", "Choose a provider.") from error
    asked = queries.held_out(session, project_id, [example.fingerprint_unit for example, _content in rows])
    sent: list[tuple[Example, Revision, dict[str, Any]]] = []
    left_out = {"held out for testing": queries.count_held_out(session, project_id, new.filter)}
    for example, content in rows:
        why = "held out for testing" if example.fingerprint_unit in asked else private(example, provider)
        if why is None:
            try:
                sent.append((example, content, kind.request(session, settings, example, content)))
                continue
            except NotSent:
                why = "not plain text"
        left_out[why] = left_out.get(why, 0) + 1
    price = price_of(new.price.model_dump() if new.price else None, provider)
    total = estimate.total([one[2] for one in sent], price)
    return Planned(sent, {why: count for why, count in left_out.items() if count}, total, provider)


def start(session: Session, access: Access, kind: Kind, new: NewBatch) -> ModelBatch:
    """Plan one paid call for each example and queue the work. Raises Invalid where nothing would be sent."""
    planned = plan(session, access, kind, new)
    if not planned.examples:
        raise Invalid.field("filter", "No example that may be sent matches: nothing to do.")
    if near.unscanned(session, access.project.id) > near.AT_ONCE:
        raise Conflict("Requests are still being compared with the test sets: try again when that scan is done.")
    price = price_of(new.price.model_dump() if new.price else None, planned.provider)
    batch = ModelBatch(
        project_id=access.project.id,
        kind=kind.name,
        provider_id=planned.provider.id,
        model=new.model,
        price=price,
        settings=kind.settings(new, access.project),
        prompt_version=kind.prompt_version,
        budget=new.budget,
        total=len(planned.examples),
        created_by=access.user.id,
        dropped={},
    )
    session.add(batch)
    session.flush()
    session.add_all(
        ModelBatchItem(batch_id=batch.id, example_id=example.id, revision=example.revision, dropped={})
        for example, _content, _body in planned.examples
    )
    session.flush()
    costs = [
        (example.id, estimate.dollars(price, *estimate.of_call(request))) for example, _, request in planned.examples
    ]
    queries.plan(session, batch.id, costs)
    _record(session, access, "start", batch, examples=batch.total, model=batch.model)
    _enqueue(session, batch)
    return batch


def cancel(session: Session, access: Access, batch: ModelBatch) -> ModelBatch:
    """Send nothing more; what came back stays. Cancelling what is over changes nothing."""
    batch = queries.get(session, access.project.id, batch.id, batch.kind, lock=True)
    if batch.status in ("queued", "paused", "needs_decision"):
        batch.status, batch.finished_at = "cancelled", utcnow()
    elif batch.status == "running":
        batch.cancel_requested_at = batch.cancel_requested_at or utcnow()
    else:
        return batch
    _record(session, access, "cancel", batch)
    return batch


def resume(session: Session, access: Access, batch: ModelBatch, budget: float | None = None) -> ModelBatch:
    """Go on with what was not sent yet."""
    batch = queries.get(session, access.project.id, batch.id, batch.kind, lock=True)
    if batch.status not in ("paused", "failed", "cancelled"):
        raise Conflict("Only what has stopped before its end can be resumed.")
    batch.status, batch.error, batch.cancel_requested_at, batch.finished_at = "queued", None, None, None
    batch.budget = budget if budget is not None else batch.budget
    _record(session, access, "resume", batch)
    _enqueue(session, batch)
    return batch


def decide_unknown(session: Session, access: Access, batch: ModelBatch, action: str) -> ModelBatch:
    """Calls that may have been billed without an answer: send them again (a person says so), or take the loss."""
    batch = queries.get(session, access.project.id, batch.id, batch.kind, lock=True)
    if batch.status in OPEN or not queries.unknown(session, batch.id)[0]:
        raise Conflict("No call waits for a decision.")
    if action == "resend":
        queries.resend_unknown(session, batch.id, access.user.id)
    else:
        lost = queries.accept_unknown(session, batch.id, access.user.id)
        batch.done, batch.failed = batch.done + lost, batch.failed + lost
    batch.status, batch.error, batch.cancel_requested_at, batch.finished_at = "queued", None, None, None
    _record(session, access, f"{action}-unknown", batch)
    _enqueue(session, batch)
    return batch


def _enqueue(session: Session, batch: ModelBatch) -> None:
    session.flush()
    enqueue(session, "annotation.model_batch", key=f"batch:{batch.id}", batch_id=batch.id)


def _record(session: Session, access: Access, action: str, batch: ModelBatch, **facts: Any) -> None:
    project_id, actor = access.project.id, access.user.id
    record(session, action, f"batch of {batch.kind}", batch.id, actor_id=actor, project_id=project_id, **facts)
