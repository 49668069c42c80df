"""Opening a round: the form, its live plan, and afterwards what was kept from being shown."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid, NotFound
from app.preferences import queries, service
from app.preferences.opening import pages
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds"
LISTS = frozenset({"run_ids", "reviewers"})


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    """Runs come ticked with ``?run=…&run=…``; htmx sends the whole form and is answered the plan."""
    query = request.query_params
    values: dict[str, Any] = {name: query[name] for name in query if name != "run" and query[name].strip()}
    values |= {name: query.getlist(name) for name in LISTS if name in query}
    if not is_htmx(request):
        values = {"run_ids": query.getlist("run")} | values
    page = pages.new(session, access, values)
    return render(request, "preferences/new.html", page, block="planned" if is_htmx(request) else None)


@router.post(BASE)
def open_round(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    values = form_values(form, LISTS)
    try:
        wanted, _expected = pages.read(values)
        round_, seated = service.open_round(session, access, wanted), bool(wanted.guests)
    except Invalid as error:
        page = pages.new(session, access, values, refused(form, error))
        return render(request, "preferences/new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_.id}{'/guests' if seated else ''}", 303)


@router.get(BASE + "/{round_id}/apart")
def apart(request: Request, session: SessionDep, access: Engineer, round_id: str) -> Response:
    """Which outputs name their model. To a reviewer of an open round it does not exist."""
    round_ = queries.round_of(session, access.project.id, round_id)
    if round_.closed_at is None and queries.is_reviewer(session, round_.id, access.user.id):
        raise NotFound("This page")
    return render(request, "preferences/apart.html", pages.apart(session, access, round_))
