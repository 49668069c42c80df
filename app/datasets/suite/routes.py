"""The page that offers the suite for a draft set."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.datasets import service as sets
from app.datasets.suite import pages, service
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/test-sets/{set_id}/suite"


@router.get(BASE)
def suite_page(
    request: Request, session: SessionDep, access: Engineer, set_id: str, added: int | None = None
) -> Response:
    test_set = sets.load(session, access.project.id, set_id)
    if test_set.sealed_at is not None:
        return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}", 303)
    return render(request, "datasets/suite.html", pages.suite(session, access, test_set, added=added))


@router.post(BASE)
def add(request: Request, session: SessionDep, access: Engineer, set_id: str, form: FormDep) -> Response:
    test_set = sets.load_draft(session, access.project.id, set_id)
    keys = form_values(form, lists=frozenset({"keys"})).get("keys", [])
    try:
        if not keys:
            raise Invalid("Tick the prompts that you want, then add them.")
        added = service.add(session, access.user, test_set, parse(service.Chosen, {"keys": keys}))
    except Invalid as error:
        page = pages.suite(session, access, test_set, form=refused(form, error))
        return render(request, "datasets/suite.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}/suite?added={added}", 303)
