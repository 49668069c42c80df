"""Verbs of fine-tunes: launch, cancel, pause and resume, decide. The worker does what they ask for."""

import hashlib
import secrets
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.clock import utcnow
from app.core.errors import Conflict
from app.finetunes import calls, preflight, queries
from app.finetunes.forms import NewFineTune
from app.finetunes.material.models import Validation
from app.finetunes.models import FineTune
from app.finetunes.preflight import Preflight
from app.finetunes.rules import ENDED
from app.finetunes.scan import Scan
from app.finetunes.series import turns
from app.gateway.queries import by_id
from app.jobs.queue import enqueue
from app.projects.access import Access

DECISIONS = {"check": "look-again", "resend": "resend", "accept": "give-up"}


def launch(
    session: Session, access: Access, new: NewFineTune, *, form_token: str | None = None, waits: bool = False
) -> FineTune:
    """Queue a fine-tune. Conflict names what stands in the way; Invalid what cannot be asked.

    ``form_token`` comes with a page's form: sending that form twice is one launch. ``waits``: it is part of a series,
    which gives it its turn.
    """
    token = _token_of(access, form_token)
    sent_before = queries.by_token(session, access.project.id, token)
    if sent_before is not None:
        return sent_before
    found = preflight.check(session, access.project, new)
    refusals = found.refusals(new.override_reason)
    if refusals:
        raise Conflict("Not launched. " + " ".join(remark.sentence for remark in refusals))
    row = _row(access, new, found, token)
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
            if found.validation is not None:
                session.add(_validation(row, found, found.validation))
    except IntegrityError:
        # the same form, sent twice at once: the other request has launched it
        other = queries.by_token(session, access.project.id, token)
        if other is None:
            raise
        return other
    overridden = [blocker.key for blocker in found.blockers]
    facts: dict[str, Any] = {"name": f"v{found.version.number} on {new.base_model}", "overridden": overridden}
    if overridden:
        facts["reason"] = new.override_reason
    _record(session, access, "launch", row, **facts)
    if not waits:
        _wake(session, row)
    return row


def _row(access: Access, new: NewFineTune, found: Preflight, token: str) -> FineTune:
    return FineTune(
        project_id=access.project.id,
        provider_id=found.provider.id,
        base_model=new.base_model,
        dataset_version_id=found.version.id,
        baseline_candidate_id=found.baseline.id if found.baseline else None,
        method=new.method,
        objective=new.objective,
        hyperparameters=new.hyperparameters.model_dump(exclude_none=True),
        launch_token=token,
        export_sha256=found.scan.sha256,
        estimate=found.estimate.as_json(),
        budget=new.budget,
        override_reason=new.override_reason if found.blockers else None,
        created_by=access.user.id,
    )


def _validation(row: FineTune, found: Preflight, seen: Scan) -> Validation:
    other = found.material.validated_with
    return Validation(
        fine_tune_id=row.id,
        dataset_version_id=other.id if other else None,
        share=found.material.share,
        sha256=seen.sha256,
        rows=seen.lines,
    )


def _token_of(access: Access, form_token: str | None) -> str:
    if form_token is None:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{access.project.id}\n{access.user.id}\n{form_token}".encode()).hexdigest()[:32]


def cancel(session: Session, access: Access, fine_tune: FineTune) -> None:
    """Ask for the end. The worker tells the provider at once; the status changes when the provider says so."""
    if fine_tune.status in ENDED:
        raise Conflict(f"This fine-tune is {fine_tune.status} already.")
    if fine_tune.cancel_requested_at is None:
        fine_tune.cancel_requested_at = utcnow()
        _record(session, access, "cancel", fine_tune)
    if fine_tune.status == "needs_decision":
        fine_tune.status, fine_tune.error = "queued", None
    _wake(session, fine_tune)


def pause(session: Session, access: Access, fine_tune: FineTune) -> None:
    """Stop after the step in hand, with a checkpoint to go on from. The local engine can, hosted providers may not."""
    if fine_tune.status not in ("queued", "running"):
        raise Conflict(f"This fine-tune is {fine_tune.status.replace('_', ' ')}: there is nothing to pause.")
    _pass_on(session, access, fine_tune, "pause")


def resume(session: Session, access: Access, fine_tune: FineTune) -> None:
    if fine_tune.status != "paused" and fine_tune.requested != "pause":
        raise Conflict(f"This fine-tune is {fine_tune.status.replace('_', ' ')}: there is nothing to resume.")
    _pass_on(session, access, fine_tune, "resume")


def _pass_on(session: Session, access: Access, fine_tune: FineTune, wish: str) -> None:
    if by_id(session, fine_tune.provider_id).kind != "local_engine":
        raise Conflict("Only the local engine can pause a fine-tune.")
    fine_tune.requested = wish
    _record(session, access, wish, fine_tune)
    _wake(session, fine_tune)


def decide(session: Session, access: Access, fine_tune: FineTune, action: str) -> None:
    """A person's word on a job that may or may not exist: look again, create it anew, or give the launch up."""
    if fine_tune.status != "needs_decision":
        raise Conflict("This fine-tune does not wait for a decision.")
    if action == "resend":
        if fine_tune.provider_job_id:
            raise Conflict("The provider has made the job: look at it again, or give it up.")
        calls.give_up(session, fine_tune.id, access.user.id)
        calls.plan(session, fine_tune)
    if action == "accept":
        calls.give_up(session, fine_tune.id, access.user.id)
        fine_tune.status, fine_tune.finished_at = "failed", utcnow()
        fine_tune.error = f"Given up by {access.user.name or access.user.email}. {fine_tune.error or ''}".strip()
        turns.after(session, fine_tune)
    else:
        fine_tune.status, fine_tune.error = "queued", None
        _wake(session, fine_tune)
    _record(session, access, DECISIONS[action], fine_tune)


def editable(session: Session, access: Access, fine_tune_id: str) -> FineTune:
    """The fine-tune, locked against the worker until the request ends."""
    return queries.fine_tune(session, access.project.id, fine_tune_id, lock=True)


def _wake(session: Session, fine_tune: FineTune) -> None:
    session.flush()
    enqueue(session, "finetunes.run", key=f"fine-tune:{fine_tune.id}", fine_tune_id=fine_tune.id)


def _record(session: Session, access: Access, action: str, fine_tune: FineTune, **detail: Any) -> None:
    session.flush()
    person, project_id = access.user.id, access.project.id
    record(session, action, "fine-tune", fine_tune.id, actor_id=person, project_id=project_id, **detail)
