"""Judging a row of the list by a key, and taking it back."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.annotation import queries, service
from app.annotation.forms import NewAnnotation
from app.annotation.rows import pages
from app.annotation.rows.pages import JudgedPage
from app.core.errors import Conflict, HoldoutError, Invalid
from app.examples import queries as examples
from app.projects.access import Annotator
from app.web.forms import FormDep, parse
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/examples/{example_id}"


@router.post(BASE + "/verdict")
def judge(request: Request, session: SessionDep, access: Annotator, example_id: str, form: FormDep) -> Response:
    """The same verdict as in review: it counts for agreement, and waits for others where the project wants several."""
    example = examples.get(session, access.project.id, example_id)
    try:
        with session.begin_nested():
            new = parse(NewAnnotation, {name: str(form.get(name, "")) for name in ("verdict", "revision")})
            service.annotate(session, access, example, new)
    except (Conflict, Invalid) as error:
        return _refused(request, pages.refused(session, access, f"Not saved. {error}", example), error)
    return _answer(request, pages.judged(session, access, example, new.verdict))


@router.post(BASE + "/annotations/{annotation_id}/removal")
def take_back(
    request: Request, session: SessionDep, access: Annotator, example_id: str, annotation_id: str
) -> Response:
    annotation = queries.annotation(session, access.project.id, example_id, annotation_id)
    try:
        with session.begin_nested():
            example = service.take_back(session, access, annotation)
    except Conflict as error:
        return _refused(request, pages.refused(session, access, f"Not undone. {error}"), error)
    return _answer(request, pages.judged(session, access, example, None))


def _answer(request: Request, page: JudgedPage, status: int = 200) -> Response:
    if not is_htmx(request):
        return RedirectResponse(page.base, 303)
    return render(request, "examples/judged.html", page, block="judged", status=status)


def _refused(request: Request, page: JudgedPage, error: HoldoutError) -> Response:
    if not is_htmx(request):
        raise error
    return _answer(request, page, 422 if isinstance(error, Invalid) else 409)
