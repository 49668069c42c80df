"""The page that erases a person's data: look first, then erase."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Invalid
from app.erasure import pages, service
from app.erasure.forms import NewErasure, Person
from app.projects.access import Access, Admin
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/erasures"


def _values(form: FormData) -> dict[str, Any]:
    """Identifiers come one a line."""
    values = form_values(form)
    lines = str(values.pop("identifiers", "")).splitlines()
    return values | {"identifiers": [line.strip() for line in lines if line.strip()]}


@router.get(BASE)
def erasures_page(request: Request, session: SessionDep, access: Admin) -> Response:
    return render(request, "erasure/erasures.html", pages.page(session, access))


@router.post(BASE + "/look")
def look(request: Request, session: SessionDep, access: Admin, form: FormDep) -> Response:
    """Nothing is changed: shows where the person stands."""
    try:
        wanted = {name: value for name, value in _values(form).items() if name in Person.model_fields}
        found = service.look(session, access.project, parse(Person, wanted))
    except Invalid as error:
        return _again(request, session, access, form, error)
    return render(request, "erasure/erasures.html", pages.page(session, access, found, FormState(dict(form))))


@router.post(BASE)
def erase(request: Request, session: SessionDep, access: Admin, form: FormDep) -> Response:
    try:
        service.erase(session, access.user, access.project, parse(NewErasure, _values(form)))
    except (Invalid, Conflict) as error:
        return _again(request, session, access, form, error)
    return RedirectResponse(f"/p/{access.project.slug}/erasures", 303)


def _again(
    request: Request, session: SessionDep, access: Access, form: FormData, error: Invalid | Conflict
) -> Response:
    state = refused(form, error if isinstance(error, Invalid) else Invalid(str(error)))
    status = 422 if isinstance(error, Invalid) else 409
    return render(request, "erasure/erasures.html", pages.page(session, access, None, state), status=status)
