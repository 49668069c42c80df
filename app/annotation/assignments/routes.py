"""Pages of assignments: who was asked, how far they are, giving and moving."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.annotation.assignments import pages, queries, service
from app.annotation.assignments.forms import NewAssignment, Reassignment
from app.core.errors import Conflict, Invalid
from app.examples.forms import ExampleFilter
from app.examples.list_pages import FILTERS
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/assignments"


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "assignments/list.html", pages.listing(session, access))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    """The filter of the list stands in the address."""
    return render(request, "assignments/new.html", pages.new(session, access, _filter(request.url.query)))


@router.post(BASE)
def assign(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    wanted = _filter(str(form.get("filter", "")))
    try:
        with session.begin_nested():
            assignment = service.assign(session, access, parse(NewAssignment, _values(form, wanted)))
    except (Invalid, Conflict) as error:
        status = 422 if isinstance(error, Invalid) else 409
        state = refused(form, error if isinstance(error, Invalid) else Invalid(str(error)))
        chosen = [str(one) for one in form.getlist("people")]
        page = pages.new(session, access, wanted, state, chosen)
        return render(request, "assignments/new.html", page, status=status)
    return _to(access, assignment.id)


@router.get(BASE + "/{assignment_id}")
def one_page(request: Request, session: SessionDep, access: Viewer, assignment_id: str) -> Response:
    assignment = queries.get(session, access.project.id, assignment_id)
    return render(request, "assignments/assignment.html", pages.one(session, access, assignment))


@router.post(BASE + "/{assignment_id}/reassignment")
def reassign(request: Request, session: SessionDep, access: Engineer, assignment_id: str, form: FormDep) -> Response:
    assignment = queries.get(session, access.project.id, assignment_id)
    try:
        service.reassign(session, access, assignment, parse(Reassignment, form_values(form)))
    except (Invalid, Conflict) as error:
        status = 422 if isinstance(error, Invalid) else 409
        state = refused(form, error if isinstance(error, Invalid) else Invalid(str(error)))
        page = pages.one(session, access, assignment, state)
        return render(request, "assignments/assignment.html", page, status=status)
    return _to(access, assignment.id)


@router.post(BASE + "/{assignment_id}/cancellation")
def cancel(session: SessionDep, access: Engineer, assignment_id: str) -> Response:
    assignment = queries.get(session, access.project.id, assignment_id)
    service.cancel(session, access, assignment)
    return _to(access, assignment.id)


def _values(form: FormData, wanted: ExampleFilter) -> dict[str, object]:
    given = form_values(form, frozenset({"people"}))
    return given | {"filter": wanted, "people": given.get("people", [])}


def _filter(query: str) -> ExampleFilter:
    given = {name: value for name, value in parse_qsl(query) if name in FILTERS and value.strip()}
    return parse(ExampleFilter, given)


def _to(access: Access, assignment_id: str) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/assignments/{assignment_id}", 303)
