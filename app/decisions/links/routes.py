"""Links to verdicts: the list, a new one, and what whoever has one sees."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.comparisons.forms import Wanted
from app.core.errors import Conflict, Invalid
from app.decisions.links import pages, service
from app.decisions.links.forms import NewLink
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/decide/links"
# a stranger's page: found by no search engine, and the address goes to no other site
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> Response:
    hidden = [(name, value) for name in sorted(service.COMPARED) for value in request.query_params.getlist(name)]
    return render(request, "decisions/links.html", pages.links(session, access, hidden))


@router.post(BASE)
def create(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    """The answer shows the address, once."""
    values, hidden = form_values(form, frozenset({"test_set"})), _hidden(form)
    try:
        _row, made = service.create(session, access, parse(NewLink, values))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid(str(error))
        page = pages.links(session, access, hidden, form=refused(form, shown))
        return render(request, "decisions/links.html", page, status=422 if isinstance(error, Invalid) else 409)
    page = pages.links(session, access, hidden, made=made)
    return render(request, "decisions/links.html", page, headers={"Cache-Control": "no-store"})


@router.post(BASE + "/{link_id}/revocation")
def revoke(session: SessionDep, access: Engineer, link_id: str) -> Response:
    service.revoke(session, access, link_id)
    return RedirectResponse(f"/p/{access.project.slug}/decide/links", 303)


@router.get("/shared/{link}")
def shared(request: Request, session: SessionDep, link: str) -> Response:
    return render(request, "decisions/shared.html", service.opened(session, link), headers=PRIVATE)


def _hidden(form: FormData) -> list[tuple[str, str]]:
    return [(name, str(value)) for name in sorted(service.COMPARED) for value in form.getlist(name)]
