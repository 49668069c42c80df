"""Saving a filter of the list, and forgetting it."""

from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Forbidden, Invalid
from app.examples import list_pages, saved_filters
from app.examples.forms import ExampleFilter, ExampleListPage
from app.examples.saved_filters import NewSavedFilter, SavedFilterChange
from app.projects.access import Access, Annotator
from app.web.forms import FormDep, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/saved-filters"


@router.post(BASE)
def save(request: Request, session: SessionDep, access: Annotator, form: FormDep) -> Response:
    wanted = _filter(str(form.get("filter", "")))
    try:
        new = parse(NewSavedFilter, {"name": str(form.get("name", "")), "filter": wanted})
        saved_filters.save(session, access, new)
    except (Invalid, Conflict) as error:
        return _refused(request, session, access, wanted, error)
    return _to_list(access, wanted)


@router.post(BASE + "/{saved_id}")
def rename(request: Request, session: SessionDep, access: Annotator, saved_id: str, form: FormDep) -> Response:
    saved = saved_filters.get(session, access.project.id, saved_id)
    wanted = ExampleFilter(**saved.filter)
    try:
        change = parse(SavedFilterChange, {"name": str(form.get("name", ""))})
        saved_filters.change(session, access, saved, change)
    except (Invalid, Conflict, Forbidden) as error:
        session.expire(saved)
        return _refused(request, session, access, wanted, error)
    return _to_list(access, wanted)


@router.post(BASE + "/{saved_id}/removal")
def remove(session: SessionDep, access: Annotator, saved_id: str) -> Response:
    saved = saved_filters.get(session, access.project.id, saved_id)
    wanted = ExampleFilter(**saved.filter)
    saved_filters.remove(session, access, saved)
    return _to_list(access, wanted)


def _filter(query: str) -> ExampleFilter:
    given = {name: value for name, value in parse_qsl(query) if name in list_pages.FILTERS and value.strip()}
    return parse(ExampleFilter, given)


def _to_list(access: Access, wanted: ExampleFilter) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/examples?{list_pages.query_of(wanted)}", 303)


def _refused(request: Request, session: Session, access: Access, wanted: ExampleFilter, error: Exception) -> Response:
    page = list_pages.listing(session, access, ExampleListPage(**wanted.model_dump()), problem=str(error))
    status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
    return render(request, "examples/list.html", page, status=status)
