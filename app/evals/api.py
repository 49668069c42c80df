"""Eval runs under ``/api/v1``; saved graders stand in ``grader_api``."""

from typing import Annotated, Any

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.accounts.access import identify
from app.core.db import transaction
from app.evals import blind, estimates, grader_api, queries, service, upload
from app.evals.answers import EstimateOut, OutputOut, RunOut
from app.evals.forms import NewRun, OutputFilter, Regrade, Resume, Retry, UnknownDecision
from app.evals.models import EvalRun
from app.evals.output_page import shown_grades
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import parse
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("evals")
router.include_router(grader_api.router)
RUNS = "/projects/{slug}/eval-runs"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


@router.get(RUNS)
def list_runs(session: SessionDep, access: Viewer, cursor: str | None = None, limit: Limit = 50) -> ListAnswer[RunOut]:
    found = queries.runs(session, access.project.id, access.user.id, cursor=cursor, limit=limit)
    return ListAnswer(items=[RunOut.of(session, row[0]) for row in found.items], next_cursor=found.next_cursor)


@router.post(RUNS, status_code=202, openapi_extra=upload.OPENAPI)
async def start(request: Request, session: SessionDep, access: Engineer) -> RunOut:
    """JSON starts a run; multipart (``test_set_id``, ``graders``, ``candidate_name``, ``outputs``) grades outputs
    that were made elsewhere."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        run = await upload.from_request(request, session, access)
    else:
        run = service.start(session, access, parse(NewRun, await upload.json_body(request)))
    session.refresh(run)
    return RunOut.of(session, run)


@router.post(RUNS + "/estimate")
def estimated(session: SessionDep, access: Engineer, new: NewRun) -> EstimateOut:
    """What a run would cost at most, before it is started: the candidate's calls, and those of each judge."""
    return EstimateOut.of(estimates.estimate(session, access, new))


@router.get(RUNS + "/{run_id}")
def get_run(session: SessionDep, access: Viewer, run_id: str) -> RunOut:
    return RunOut.of(session, _run(session, access, run_id))


@router.get(RUNS + "/{run_id}/manifest")
def manifest(session: SessionDep, access: Viewer, run_id: str) -> dict[str, Any]:
    run = _run(session, access, run_id)
    return {"manifest": run.manifest, "sha256": run.manifest_hash}


@router.get(RUNS + "/{run_id}/outputs")
def list_outputs(
    session: SessionDep,
    access: Viewer,
    run_id: str,
    wanted: Annotated[OutputFilter, Query()],
) -> ListAnswer[OutputOut]:
    run = _run(session, access, run_id)
    blind.saw_outputs(session, access.user.id, run.id)
    found = queries.outputs(session, run.id, wanted, cursor=wanted.cursor, limit=wanted.limit)
    grades = shown_grades(session, access, run, [output.id for _case, output in found.items])
    items = [OutputOut.of(case, output, grades[output.id]) for case, output in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


@router.post(RUNS + "/{run_id}/cancel")
def cancel(session: SessionDep, access: Engineer, run_id: str) -> RunOut:
    return RunOut.of(session, service.cancel(session, access, _run(session, access, run_id)))


@router.post(RUNS + "/{run_id}/resume", status_code=202)
def resume(session: SessionDep, access: Engineer, run_id: str, how: Resume | None = None) -> RunOut:
    budget = how.budget if how else None
    return RunOut.of(session, service.resume(session, access, _run(session, access, run_id), budget))


@router.post(RUNS + "/{run_id}/retry", status_code=202)
def retry(session: SessionDep, access: Engineer, run_id: str, _which: Retry | None = None) -> RunOut:
    return RunOut.of(session, service.retry_failed(session, access, _run(session, access, run_id)))


@router.post(RUNS + "/{run_id}/unknown-calls", status_code=202)
def unknown_calls(session: SessionDep, access: Engineer, run_id: str, decision: UnknownDecision) -> RunOut:
    run = _run(session, access, run_id)
    return RunOut.of(session, service.decide_unknown(session, access, run, decision.action))


@router.post(RUNS + "/{run_id}/grades", status_code=202)
def regrade(session: SessionDep, access: Engineer, run_id: str, wanted: Regrade) -> RunOut:
    run = _run(session, access, run_id)
    return RunOut.of(session, service.regrade(session, access, run, wanted.graders))


@router.get(RUNS + "/{run_id}/events")
def events(request: Request, session: SessionDep, access: Viewer, run_id: str) -> StreamingResponse:
    """``progress`` whenever the counts change, ``end`` when the run has ended."""
    _run(session, access, run_id)
    return event_stream(request, lambda last: poll(request, access, run_id, last))


def poll(request: Request, access: Access, run_id: str, last: str | None) -> list[Event]:
    with transaction() as session:
        identify(request, session)  # a revoked session or token ends the stream
        run = _run(session, access, run_id)
        names = ("status", "done", "total", "failed", "judge_done", "judge_total", "judge_failed", "cost")
        data = {name: getattr(run, name) for name in names}
    mark = f"{run.status}-{run.done}-{run.failed}-{run.judge_done}"
    found = [] if mark == last else [Event(mark, "progress", data)]
    if run.status in (*service.ENDED, "needs_decision"):
        found.append(Event(mark, "end", data))
    return found


def _run(session: Session, access: Access, run_id: str) -> EvalRun:
    return queries.run(session, access.project.id, run_id, access.user.id)
