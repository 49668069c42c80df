"""Pages of eval runs."""

import json
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import queries as datasets
from app.evals import blind, estimates, grader_routes, list_page, new_page, output_page, pages, queries, service
from app.evals.api import poll
from app.evals.forms import NewRun, OutputFilter, Regrade, Resume, UnknownDecision
from app.evals.models import EvalRun
from app.gateway import budgets
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep
from app.web.sse import event_stream

router = APIRouter(include_in_schema=False)
router.include_router(grader_routes.router)
BASE = "/p/{slug}/runs"
Wanted = Annotated[OutputFilter, Query()]


@router.get(BASE)
def listed(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "evals/list.html", list_page.run_list(session, access, cursor))


@router.get(BASE + "/new")
def start_page(
    request: Request,
    session: SessionDep,
    access: Engineer,
    candidate: str = "",
    test_set: str = "",
    test_set_id: str = "",
) -> Response:
    """``test_set_id`` comes from the form, when another set is chosen there: other graders fit it."""
    page = new_page.new(session, access, candidate, test_set_id or test_set)
    return render(request, "evals/new.html", page, block="offers" if is_htmx(request) else None)


@router.post(BASE)
def start(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        run = service.start(session, access, parse(NewRun, _values(form)))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid.field("test_set_id", str(error))
        chosen = str(form.get("candidate_id", "")), str(form.get("test_set_id", ""))
        ticked = [str(value) for value in form.getlist("grader")]
        page = new_page.new(session, access, *chosen, refused(form, shown), ticked)
        return render(request, "evals/new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/runs/{run.id}", 303)


@router.post(BASE + "/estimate")
def estimated(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    """What the run would cost: the form again, or with htmx only the figures."""
    chosen = str(form.get("candidate_id", "")), str(form.get("test_set_id", ""))
    ticked = [str(value) for value in form.getlist("grader")]
    page = new_page.new(session, access, *chosen, FormState(refused(form, Invalid("")).values), ticked)
    try:
        found = estimates.estimate(session, access, parse(NewRun, _values(form)))
    except (Invalid, Conflict, NotFound) as error:
        page = replace(page, why_no_estimate=str(error))
    else:
        left = budgets.outlook(budgets.standing(session, access.project.id), found.cost)
        page = replace(page, estimate=found, outlook=left)
    return render(request, "evals/new.html", page, block="estimate" if is_htmx(request) else None)


@router.get(BASE + "/{run_id}")
def one(request: Request, session: SessionDep, access: Viewer, run_id: str, wanted: Wanted) -> Response:
    run = _run(session, access, run_id)
    page = pages.one(session, access, run, wanted)
    if page.outputs:
        blind.saw_outputs(session, access.user.id, run.id)
        datasets.note_access(session, run.test_set_id, "viewed", user_id=access.user.id, run_id=run.id)
    return render(request, "evals/run.html", page)


@router.get(BASE + "/{run_id}/standing")
def standing(request: Request, session: SessionDep, access: Viewer, run_id: str) -> Response:
    """The part of the page that changes while the run is under way."""
    page = pages.standing(session, access, _run(session, access, run_id))
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/runs/{run_id}", 303)
    headers = {} if page.live else {"HX-Refresh": "true"}  # ended: the outputs and metrics are there now
    return render(request, "evals/_standing.html", page, headers=headers)


@router.get(BASE + "/{run_id}/events")
def events(request: Request, session: SessionDep, access: Viewer, run_id: str) -> StreamingResponse:
    _run(session, access, run_id)
    return event_stream(request, lambda last: poll(request, access, run_id, last))


@router.get(BASE + "/{run_id}/outputs/{output_id}")
def output(request: Request, session: SessionDep, access: Viewer, run_id: str, output_id: str) -> Response:
    run = _run(session, access, run_id)
    blind.saw_outputs(session, access.user.id, run.id)
    return render(request, "evals/output.html", output_page.output_page(session, access, run, output_id))


@router.post(BASE + "/{run_id}/cancelling")
def cancel(session: SessionDep, access: Engineer, run_id: str) -> Response:
    return _back(access, service.cancel(session, access, _run(session, access, run_id)))


@router.post(BASE + "/{run_id}/resuming")
def resume(session: SessionDep, access: Engineer, run_id: str, form: FormDep) -> Response:
    how = parse(Resume, form_values(form))
    return _back(access, service.resume(session, access, _run(session, access, run_id), how.budget))


@router.post(BASE + "/{run_id}/retry")
def retry(session: SessionDep, access: Engineer, run_id: str) -> Response:
    return _back(access, service.retry_failed(session, access, _run(session, access, run_id)))


@router.post(BASE + "/{run_id}/unknown-calls")
def decide_unknown(session: SessionDep, access: Engineer, run_id: str, form: FormDep) -> Response:
    decision = parse(UnknownDecision, form_values(form))
    return _back(access, service.decide_unknown(session, access, _run(session, access, run_id), decision.action))


@router.post(BASE + "/{run_id}/grades")
def regrade(request: Request, session: SessionDep, access: Engineer, run_id: str, form: FormDep) -> Response:
    run = _run(session, access, run_id)
    try:
        service.regrade(session, access, run, parse(Regrade, _values(form)).graders)
    except Invalid as error:
        page = pages.one(session, access, run, OutputFilter(), refused(form, error))
        return render(request, "evals/run.html", page, status=422)
    return _back(access, run)


def _run(session: Session, access: Access, run_id: str) -> EvalRun:
    return queries.run(session, access.project.id, run_id, access.user.id)


def _back(access: Access, run: EvalRun) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/runs/{run.id}", 303)


def _values(form: FormData) -> dict[str, Any]:
    """Graders are ticked (an object as JSON, or the name of a saved one), and may be written as a JSON list too."""
    values = form_values(form, frozenset({"grader"}))
    ticked = [_grader(text) for text in values.pop("grader", [])]
    written = _json(values.pop("graders", "[]"))
    if not isinstance(written, list):
        raise Invalid.field("graders", "Write a JSON list of grader objects or names of saved graders.")
    return values | {"graders": [*ticked, *written]}


def _grader(text: str) -> Any:
    return _json(text) if text.startswith("{") else text


def _json(text: Any) -> Any:
    try:
        return json.loads(str(text))
    except (ValueError, RecursionError) as error:
        raise Invalid.field("graders", f"This is not JSON: {error}") from error
