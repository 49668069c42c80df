"""The page that offers starter cases for a draft set."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import FieldError, Invalid
from app.datasets import service as sets
from app.datasets.starters import catalogue, pages, service
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/test-sets/{set_id}/starters"


@router.get(BASE)
def starters_page(
    request: Request,
    session: SessionDep,
    access: Engineer,
    set_id: str,
    kind: str | None = None,
    added: int | None = None,
) -> Response:
    test_set = sets.load(session, access.project.id, set_id)
    if test_set.sealed_at is not None:
        return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}", 303)
    page = pages.starters(session, access, test_set, kind, added=added)
    return render(request, "datasets/starters.html", page)


@router.post(BASE)
def add(request: Request, session: SessionDep, access: Engineer, set_id: str, form: FormDep) -> Response:
    test_set = sets.load_draft(session, access.project.id, set_id)
    values = form_values(form, lists=frozenset({"take"}))
    chosen, kind = values.get("take", []), str(values.get("kind", ""))
    try:
        if not chosen:
            raise Invalid("Tick the cases that you want, then add them.")
        wanted = [_starter(values, key) for key in chosen]
        added = service.add(session, access.user, access.project, test_set, wanted)
    except Invalid as error:
        state = refused(form, error)
        page = pages.starters(session, access, test_set, kind, form=state, chosen=chosen)
        return render(request, "datasets/starters.html", page, status=422)
    kind = kind if kind in catalogue.kinds() else ""
    return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}/starters?kind={kind}&added={added}", 303)


def _starter(values: dict[str, Any], key: str) -> service.Starter:
    fields = {name: values.get(f"{name}.{key}") for name in ("request", "behavior", "text")}
    given = {"template": key} | {name: value for name, value in fields.items() if value is not None}
    try:
        return parse(service.Starter, given)
    except Invalid as error:
        raise Invalid(str(error), [FieldError(f"{one.loc}.{key}", one.msg) for one in error.errors]) from error
