"""Verbs of tries."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import queries as datasets
from app.evals import blind, retrieved
from app.evals import queries as runs
from app.evals.calibration.queries import unmarked
from app.evals.graders import GraderSpec, parse_spec
from app.evals.graders.judging import Ask
from app.evals.judges import pairs, planning, providers
from app.evals.models import EvalRun
from app.evals.tries import grades, queries
from app.evals.tries.forms import OUTPUTS, NewTry
from app.evals.tries.models import GraderTry
from app.evals.tries.store import PURPOSE
from app.gateway.models import PaidCall
from app.jobs.queue import enqueue
from app.projects.access import Access

Wanted = dict[str, tuple[Ask, int]]  # by the call's item: what is asked, characters of the prompt


def begin(session: Session, access: Access, new: NewTry, *, agreed: bool) -> GraderTry:
    """Try a grader on a few outputs of a run. Who does so has seen outputs of that run.

    Rules grade at once. A judge costs money: unless ``agreed``, the try waits as ``estimated`` for ``ask``.
    """
    run = _run(session, access, new.run_id)
    spec = spec_of(session, access, new)
    pairs.check(session, access.project.id, run.test_set_id, [spec])
    judged = bool(spec.definition.asks)
    hidden = unmarked(session, run.id, access.user.id) if judged else set()
    chosen = queries.mixed(session, run.id, hidden, OUTPUTS, new.turn)
    if not chosen:
        raise Invalid.field("run_id", "This run has no complete output that you may look at.")
    blind.saw_outputs(session, access.user.id, run.id)
    datasets.note_access(session, run.test_set_id, "viewed", user_id=access.user.id, run_id=run.id)
    row = GraderTry(
        project_id=access.project.id,
        run_id=run.id,
        typed=new.model_dump(exclude_none=True, exclude={"run_id"}),
        grader=spec.snapshot(),
        output_ids=chosen,
        status="estimated",
        created_by=access.user.id,
    )
    session.add(row)
    wanted = _wanted(session, row, spec)
    row.calls = len(wanted)
    costs = [one.most_it_can_cost(characters) for one, characters in wanted.values()]
    row.estimate = None if None in costs else sum(cost or 0.0 for cost in costs)
    session.flush()
    if not wanted:
        grades.grade_now(session, row)
    elif agreed:
        ask(session, access, row)
    return row


def find(session: Session, access: Access, try_id: str) -> GraderTry:
    """A try of whoever asks. NotFound also where they vote blind on its run by now."""
    row = queries.one(session, access.project.id, access.user.id, try_id)
    runs.run(session, access.project.id, row.run_id, access.user.id)
    return row


def ask(session: Session, access: Access, row: GraderTry) -> None:
    """Have the judges asked. Conflict where that was done."""
    session.refresh(row, with_for_update=True)
    if row.status != "estimated":
        raise Conflict("The judges of this try were asked already.")
    spec = parse_spec(row.grader)
    wanted = _wanted(session, row, spec)
    if wanted:
        calls = [planning.call_of(row.project_id, row.id, PURPOSE, item, *wants) for item, wants in wanted.items()]
        session.execute(insert(PaidCall), calls)
    row.status = "queued"
    session.flush()
    record(
        session,
        "try",
        "grader",
        row.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        name=spec.name,
        calls=row.calls,
    )
    enqueue(session, "evals.try_grader", key=f"grader-try:{row.id}", try_id=row.id)


def decide_unknown(session: Session, access: Access, row: GraderTry, action: str) -> None:
    """Of calls to judges that may have been billed without an answer: send them again, or take the loss."""
    session.refresh(row, with_for_update=True)
    if row.status in ("estimated", "queued", "running") or not queries.unknown(session, row.id)[0]:
        raise Conflict("No call of this try waits for a decision.")
    if action == "accept":
        queries.accept_unknown(session, row.id, access.user.id)
    else:
        again = queries.resend_unknown(session, row.id, access.user.id)
        row.answers = {item: said for item, said in row.answers.items() if item not in again}
        row.status, row.results, row.error, row.finished_at = "queued", None, None, None
        session.flush()
        enqueue(session, "evals.try_grader", key=f"grader-try:{row.id}", try_id=row.id)
    keys = {"actor_id": access.user.id, "project_id": access.project.id}
    record(session, f"{action}-unknown", "try of a grader", row.id, **keys)


def spec_of(session: Session, access: Access, new: NewTry) -> GraderSpec:
    """The grader as it would be saved, with its judges settled. Invalid names the field."""
    raw = new.model_dump(exclude_none=True, include={"metric", "pass_threshold"})
    definition = {**new.definition, "name": new.name} if new.name else new.definition
    return providers.settled(session, access.project.id, parse_spec(raw | {"definition": definition}), "definition")


def _run(session: Session, access: Access, run_id: str) -> EvalRun:
    try:
        return runs.run(session, access.project.id, run_id, access.user.id)
    except NotFound as error:
        raise Invalid.field("run_id", "Choose the run whose outputs it is tried on.") from error


def _wanted(session: Session, row: GraderTry, spec: GraderSpec) -> Wanted:
    others = pairs.others_of(session, spec.definition.asks)
    rows = queries.outputs(session, row.output_ids)
    sources = retrieved.sources(session, row.run_id, [case.id for case, _output in rows])
    found = planning.judgements_of(rows, [spec], others, sources)
    return {item: (one, characters) for item, one, characters in found}
