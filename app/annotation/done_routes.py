"""One's own decisions: look back, change, take back."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.annotation import deciding, done_pages
from app.annotation.forms import NewAnnotation
from app.annotation.reading import at_fields, shown_again, values
from app.core.errors import Conflict, Invalid
from app.examples import queries as examples
from app.projects.access import Annotator
from app.web.forms import FormDep, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/review/done"


@router.get(BASE)
def done(request: Request, session: SessionDep, access: Annotator, cursor: str | None = None) -> Response:
    return render(request, "annotation/done.html", done_pages.done(session, access, cursor))


@router.get(BASE + "/{annotation_id}")
def look_again(request: Request, session: SessionDep, access: Annotator, annotation_id: str) -> Response:
    annotation, example = done_pages.own(session, access, annotation_id)
    return render(request, "annotation/change.html", done_pages.change(session, access, annotation, example))


@router.post(BASE + "/{annotation_id}/decision")
def change(request: Request, session: SessionDep, access: Annotator, annotation_id: str, form: FormDep) -> Response:
    annotation, example = done_pages.own(session, access, annotation_id)
    revision = examples.revision(session, example.id, example.revision)
    try:
        with session.begin_nested():
            new = parse(NewAnnotation, values(form, revision, example.tags))
            deciding.annotate(session, access, example, new)
    except (Invalid, Conflict) as error:
        told = at_fields(error) if isinstance(error, Invalid) else Invalid(f"Not saved. {error}")
        page = done_pages.change(session, access, annotation, example, shown_again(form, told))
        return render(request, "annotation/change.html", page, status=422 if isinstance(error, Invalid) else 409)
    return RedirectResponse(f"/p/{access.project.slug}/review/done", 303)


@router.post(BASE + "/{annotation_id}/removal")
def take_back(session: SessionDep, access: Annotator, annotation_id: str) -> Response:
    annotation, _example = done_pages.own(session, access, annotation_id)
    deciding.take_back(session, access, annotation)
    return RedirectResponse(f"/p/{access.project.slug}/review/done", 303)
