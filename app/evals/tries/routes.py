"""A grader is tried from its form."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.evals import grader_pages
from app.evals.grader_routes import values_of
from app.evals.tries import service
from app.evals.tries.forms import NewTry, UnknownDecision
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/graders/tries"


@router.post(BASE)
def begin(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        row = service.begin(session, access, parse(NewTry, values_of(form)), agreed=False)
    except Invalid as error:
        page = grader_pages.new(session, access, "", None, refused(form, error))
        return render(request, "evals/grader_new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/graders/tries/{row.id}#tried", 303)


@router.get(BASE + "/{try_id}")
def one(request: Request, session: SessionDep, access: Engineer, try_id: str) -> Response:
    """The grader's form with what came of the try; a part of it while judges are asked."""
    page = grader_pages.of_try(session, access, service.find(session, access, try_id))
    return render(request, "evals/grader_new.html", page, block="tried" if is_htmx(request) else None)


@router.post(BASE + "/{try_id}/asking")
def ask(session: SessionDep, access: Engineer, try_id: str) -> Response:
    service.ask(session, access, service.find(session, access, try_id))
    return RedirectResponse(f"/p/{access.project.slug}/graders/tries/{try_id}#tried", 303)


@router.post(BASE + "/{try_id}/unknown-calls")
def decide_unknown(session: SessionDep, access: Engineer, try_id: str, form: FormDep) -> Response:
    action = parse(UnknownDecision, form_values(form)).action
    service.decide_unknown(session, access, service.find(session, access, try_id), action)
    return RedirectResponse(f"/p/{access.project.slug}/graders/tries/{try_id}#tried", 303)
