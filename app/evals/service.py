"""Verbs of eval runs and graders. The work itself is done by the job ``evals.run`` (``runner``)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates import queries as candidates
from app.candidates.few_shot import service as few_shot
from app.candidates.models import Candidate
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.datasets import queries as datasets
from app.datasets.models import TestSet
from app.evals import calls, graded, queries, reuses
from app.evals.forms import NewGrader, NewRun
from app.evals.graders import GraderSpec, parse_spec
from app.evals.judges import pairs, providers
from app.evals.models import EvalRun, Grader
from app.jobs.queue import enqueue
from app.projects.access import Access

ENDED = ("succeeded", "failed", "cancelled")


def start(session: Session, access: Access, new: NewRun) -> EvalRun:
    """Queue a run; Invalid for what does not exist, Conflict for a set that is not sealed."""
    candidate, test_set, graders = checked(session, access, new)
    run = EvalRun(
        project_id=access.project.id,
        candidate_id=candidate.id,
        test_set_id=test_set.id,
        graders=[spec.snapshot() for spec in graders],
        concurrency=new.concurrency,
        repeats=new.repeats,
        stream=new.stream,
        reuse_identical=new.reuse_identical,
        budget=new.budget,
        total=test_set.size * new.repeats,
        created_by=access.user.id,
    )
    session.add(run)
    session.flush()
    calls.plan(session, run.id)
    _record(session, access, "start", run, candidate=candidate.name)
    enqueue_run(session, run)
    return run


def checked(session: Session, access: Access, new: NewRun) -> tuple[Candidate, TestSet, list[GraderSpec]]:
    """What a run would be made of. Raises as ``start`` does."""
    candidate = candidates.get(session, access.project.id, new.candidate_id)
    if candidate.origin == "upload" or candidate.provider_id is None:
        raise Invalid.field("candidate_id", "This candidate's outputs were uploaded: there is no model to ask.")
    test_set = datasets.find_set(session, access.project.id, new.test_set_id)
    if test_set is None:
        raise Invalid.field("test_set_id", "This test set does not exist.")
    if test_set.sealed_at is None:
        raise Conflict(f"“{test_set.name}” is not sealed: seal it first, so that nothing in it can change afterwards.")
    few_shot.refuse_leak(session, candidate.id, test_set.id)
    if new.budget is not None and candidate.price is None:
        raise Invalid.field("budget", "A budget needs the candidate's prices: without them nothing can be counted.")
    reuses.check(new.reuse_identical, candidate.parameters, new.repeats)
    graders = specs(session, access.project.id, new.graders)
    pairs.check(session, access.project.id, test_set.id, graders)
    if new.budget is not None:
        _priced(graders)
    return candidate, test_set, graders


def specs(session: Session, project_id: str, wanted: Sequence[str | dict[str, Any]]) -> list[GraderSpec]:
    """Checked graders out of objects and names of saved ones; Invalid names the one that is wrong."""
    saved = {row.name: row for row in queries.saved_graders(session, project_id)}
    found = []
    for index, one in enumerate(wanted):
        loc = f"graders.{index}"
        if isinstance(one, str):
            if one not in saved:
                raise Invalid.field(loc, f"There is no saved grader “{one}”.")
            spec = spec_of(saved[one])
        else:
            spec = parse_spec(one, loc)
        found.append(providers.settled(session, project_id, spec, loc))
    names = [spec.name for spec in found]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise Invalid.field("graders", f"Two graders are called “{doubled}”: give each a name of its own.")
    return found


def _priced(graders: Sequence[GraderSpec]) -> None:
    for spec in graders:
        if any(ask.price is None for ask in spec.definition.asks):
            words = f"A budget needs the price of every judge: give “{spec.name}” a “price” per million tokens."
            raise Invalid.field("budget", words)


def judged(graders: Sequence[GraderSpec]) -> bool:
    """Whether a model has to be asked before these can grade."""
    return any(spec.definition.asks for spec in graders)


def spec_of(row: Grader) -> GraderSpec:
    return parse_spec(
        {
            "name": row.name,
            "definition": row.definition,
            "metric": row.metric,
            "pass_threshold": row.pass_threshold,
            "version": row.version,
        }
    )


def enqueue_run(session: Session, run: EvalRun) -> None:
    enqueue(session, "evals.run", key=f"eval-run:{run.id}", run_id=run.id)


def cancel(session: Session, access: Access, run: EvalRun) -> EvalRun:
    """Stop sending; what has come back stays, and the run can go on later."""
    if run.status in ENDED:
        raise Conflict(f"This run is {run.status} already.")
    run.cancel_requested_at = utcnow()
    if run.status in ("queued", "needs_decision", "paused"):
        run.status, run.finished_at = "cancelled", utcnow()
    _record(session, access, "cancel", run)
    return run


def resume(session: Session, access: Access, run: EvalRun, budget: float | None = None) -> EvalRun:
    """Go on where it stopped: nothing that was answered is asked again. ``budget``: the new one, in dollars."""
    if run.status not in ("cancelled", "failed", "paused"):
        raise Conflict(f"This run is {run.status.replace('_', ' ')}: there is nothing to resume.")
    uploaded = candidates.get(session, access.project.id, run.candidate_id).origin == "upload"
    if uploaded and not judged([parse_spec(raw) for raw in run.graders]):
        raise Conflict("This run's outputs were uploaded: there is nothing to ask for.")
    if budget is not None:
        run.budget = budget
    _go_on(session, access, "resume", run)
    return run


def retry_failed(session: Session, access: Access, run: EvalRun) -> EvalRun:
    """Ask again for the outputs that failed. An answer that was cut short would be cut again, and paid again."""
    if run.status not in ENDED:
        raise Conflict("The run is still under way: retry once it has ended.")
    if not calls.retry_failed(session, run.id):
        raise Conflict("No output of this run failed, and no judgement is without a verdict.")
    _go_on(session, access, "retry", run)
    return run


def decide_unknown(session: Session, access: Access, run: EvalRun, action: str) -> EvalRun:
    """What to do with calls that may have been billed without an answer: accept the loss, or send them again.

    A run that waited for this goes on; one that was stopped for another reason stays stopped.
    """
    if run.status in ("queued", "running"):
        raise Conflict("The run is still under way: decide once it has asked for everything else.")
    if not calls.unknown(session, run.id).count:
        raise Conflict("No call of this run waits for a decision.")
    if action == "accept":
        calls.accept_unknown(session, run.id, access.user.id)
    else:
        calls.resend_unknown(session, run.id, access.user.id)
    if run.status == "needs_decision":
        _go_on(session, access, f"{action}-unknown", run)
    else:
        _record(session, access, f"{action}-unknown", run)
    return run


def regrade(session: Session, access: Access, run: EvalRun, graders: Sequence[str | dict[str, Any]]) -> EvalRun:
    """Grade the stored outputs again. The candidate is not asked; a judge is, where it has not judged them yet."""
    if run.status != "succeeded":
        raise Conflict("Only a finished run can be graded again.")
    new = specs(session, access.project.id, graders)
    pairs.check(session, access.project.id, run.test_set_id, new)
    if run.budget is not None:
        _priced(new)
    run.graders = [spec.snapshot() for spec in new]
    if judged(new):
        graded.forget(session, run.id)  # of the graders before, as are the metrics
        run.metrics = run.manifest = run.manifest_hash = None
        _go_on(session, access, "regrade", run)
        return run
    _record(session, access, "regrade", run)
    enqueue(session, "evals.grade", key=f"eval-run:{run.id}", run_id=run.id)
    return run


def save_grader(session: Session, access: Access, new: NewGrader) -> Grader:
    """A new grader, or the next version of the one of that name."""
    raw = new.model_dump(exclude_none=True)
    spec = parse_spec(raw | {"definition": {**new.definition, "name": new.name}})
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"graders:{access.project.id}", 0))))
    latest = next((g for g in queries.saved_graders(session, access.project.id) if g.name == new.name), None)
    row = Grader(
        project_id=access.project.id,
        name=new.name,
        version=latest.version + 1 if latest else 1,
        definition=spec.snapshot()["definition"],
        metric=spec.metric,
        pass_threshold=spec.pass_threshold,
        created_by=access.user.id,
    )
    session.add(row)
    session.flush()
    record(session, "save", "grader", row.id, actor_id=access.user.id, project_id=access.project.id, name=row.name)
    return row


def _go_on(session: Session, access: Access, action: str, run: EvalRun) -> None:
    run.status, run.error = "queued", None
    run.cancel_requested_at = run.finished_at = None
    session.flush()
    _record(session, access, action, run)
    enqueue_run(session, run)


def _record(session: Session, access: Access, action: str, run: EvalRun, **detail: Any) -> None:
    session.flush()
    record(
        session,
        action,
        "eval run",
        run.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        number=run.number,
        **detail,
    )
