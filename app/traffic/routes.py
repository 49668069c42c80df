"""The traffic page, its sampling, and drafts of test sets from what the tests do not cover."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Invalid
from app.projects.access import Engineer, Viewer
from app.traffic import pages, service
from app.traffic.forms import NewDraft, TrafficFilter
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/traffic"


@router.get(BASE)
def traffic(
    request: Request, session: SessionDep, access: Viewer, wanted: Annotated[TrafficFilter, Query()]
) -> Response:
    return render(request, "traffic/traffic.html", pages.traffic(session, access, wanted))


@router.post(BASE + "/sampling")
def set_sampling(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    """The form has it in percent."""
    try:
        service.set_sampling(session, access, pages.read_sampling(form_values(form)))
    except Invalid as error:
        page = pages.traffic(session, access, TrafficFilter(), refused(form, error))
        return render(request, "traffic/traffic.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/traffic", 303)


@router.post(BASE + "/drafts")
def draft(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        made = service.draft(session, access, parse(NewDraft, form_values(form, frozenset({"example_ids"}))))
    except (Invalid, Conflict) as error:
        page = pages.traffic(session, access, TrafficFilter(), FormState(message=str(error)))
        return render(request, "traffic/traffic.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/test-sets/{made.id}", 303)
