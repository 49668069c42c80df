"""Pages of the guideline: read, edit, compare, and send back to review what a change touches."""

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.annotation.guidelines import pages, service
from app.annotation.guidelines.forms import NewVersion, Touched
from app.core.errors import Conflict, Invalid
from app.projects.access import Annotator, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep
from app.web.words import present

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/guideline"
Number = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get(BASE)
def show(
    request: Request,
    session: SessionDep,
    access: Viewer,
    version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    return render(request, "guidelines/guideline.html", pages.guideline(session, access, version))


@router.get(BASE + "/edit")
def edit(
    request: Request,
    session: SessionDep,
    access: Engineer,
    version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """With ``version``: its text, so that an earlier version can be taken up again."""
    return render(request, "guidelines/edit.html", pages.edit(session, access, version))


@router.post(BASE)
def write(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        service.write(session, access, parse(NewVersion, form_values(form)))
    except Invalid as error:
        return render(request, "guidelines/edit.html", pages.refused(access, refused(form, error)), status=422)
    except Conflict as error:
        page = pages.refused(access, refused(form, Invalid(str(error))), stale=True)
        return render(request, "guidelines/edit.html", page, status=409)
    return RedirectResponse(f"/p/{access.project.slug}/guideline", 303)


@router.get(BASE + "/compare")
def compare(
    request: Request, session: SessionDep, access: Viewer, before: Number = 1, after: Number | None = None
) -> Response:
    page = pages.compare(session, access, before, after or access.project.guideline_version)
    return render(request, "guidelines/compare.html", page)


@router.get(BASE + "/requeue")
def requeue_page(request: Request, session: SessionDep, access: Annotator) -> Response:
    wanted = _touched(request.url.query)
    page = pages.requeue(session, access, wanted, _query_of(wanted))
    return render(request, "guidelines/requeue.html", page, block="result" if is_htmx(request) else None)


@router.post(BASE + "/requeue")
def requeue(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    wanted = _touched(str(form.get("filter", "")))
    count = str(form.get("expected_count", ""))
    try:
        if not (count.isascii() and count.isdigit() and len(count) < 10):
            raise Invalid.field("expected_count", "Say how many examples you expect.")
        change = service.requeue(session, access, wanted, int(count))
    except (Invalid, Conflict) as error:
        page = pages.requeue(session, access, wanted, _query_of(wanted), problem=str(error))
        status = 409 if isinstance(error, Conflict) else 422
        return render(request, "guidelines/requeue.html", page, status=status)
    return RedirectResponse(f"/p/{access.project.slug}/examples?status=to_review&changed={change.id}", 303)


def _touched(query: str) -> Touched:
    given = {name: value for name, value in parse_qsl(query) if name in Touched.model_fields and value.strip()}
    return parse(Touched, given)


def _query_of(wanted: Touched) -> str:
    return urlencode(present(wanted.model_dump()))
