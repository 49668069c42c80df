"""The review page. One request a decision: it takes the verdict and answers with the next example."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.annotation import pages, queries, service
from app.annotation.forms import NewAnnotation
from app.annotation.models import Reservation
from app.core.errors import Conflict, Invalid, NotFound
from app.examples import queries as examples
from app.examples.forms import ExampleFilter
from app.examples.models import Revision
from app.projects.access import Access, Annotator
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/review"
Wanted = Annotated[ExampleFilter, Query()]


@router.get(BASE)
def review(request: Request, session: SessionDep, access: Annotator, wanted: Wanted) -> Response:
    held = service.next_item(session, access, wanted)
    page = pages.review(session, access, wanted, held, query=request.url.query)
    return render(request, "annotation/review.html", page)


@router.post(BASE + "/{reservation_id}/decision")
def decide(
    request: Request, session: SessionDep, access: Annotator, reservation_id: str, wanted: Wanted, form: FormDep
) -> Response:
    token = str(form.get("client_token") or "")
    if token and queries.by_token(session, access.user.id, token):  # a double click: it is done already
        return _next(request, session, access, wanted)
    held = _held(session, access, reservation_id)
    example, revision = examples.with_content(session, access.project.id, held.example_id)
    try:
        new = parse(NewAnnotation, _values(form, revision))
        with session.begin_nested():  # a refused edit leaves nothing behind, and the page can still be shown
            service.annotate(session, access, example, new)
    except Invalid as error:
        return _again(request, session, access, wanted, reservation_id, refused(form, error))
    return _next(request, session, access, wanted)


@router.post(BASE + "/{reservation_id}/skip")
def skip(request: Request, session: SessionDep, access: Annotator, reservation_id: str, wanted: Wanted) -> Response:
    service.skip(session, access, _held(session, access, reservation_id))
    return _next(request, session, access, wanted)


@router.post(BASE + "/undo")
def undo(request: Request, session: SessionDep, access: Annotator, wanted: Wanted) -> Response:
    held = service.undo_last(session, access)
    return _shown(request, session, access, wanted, held)


def _held(session: Session, access: Access, reservation_id: str) -> Reservation:
    try:
        return queries.reservation(session, access.project.id, access.user.id, reservation_id)
    except NotFound as error:
        raise Conflict("Your time with this example ran out and somebody else may have it: reload the page.") from error


def _next(request: Request, session: Session, access: Access, wanted: ExampleFilter) -> Response:
    session.flush()
    return _shown(request, session, access, wanted, service.next_item(session, access, wanted))


def _shown(
    request: Request, session: Session, access: Access, wanted: ExampleFilter, held: Reservation | None
) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/review?{request.url.query}".rstrip("?"), 303)
    page = pages.review(session, access, wanted, held, query=request.url.query)
    return render(request, "annotation/review.html", page, block="item")


def _again(
    request: Request, session: Session, access: Access, wanted: ExampleFilter, reservation_id: str, form: FormState
) -> Response:
    """The same example with what was typed, and what is wrong with it."""
    held = _held(session, access, reservation_id)
    page = pages.review(session, access, wanted, held, query=request.url.query, form=form)
    return render(request, "annotation/review.html", page, block="item" if is_htmx(request) else None, status=422)


def _values(form: FormData, revision: Revision) -> dict[str, Any]:
    """Form fields into an annotation; message texts become edits only where they differ."""
    values = form_values(form)
    typed = {name: str(form[name]) for name in list(values) if name.startswith("content_")}
    messages = []
    for index, message in enumerate(revision.messages):
        text = str(form.get(f"content_{index}", message.get("content"))).replace("\r\n", "\n")
        changed = f"content_{index}" in form and text != message.get("content")
        messages.append({**message, "content": text} if changed else message)
    for name in typed:
        values.pop(name, None)
    values["tags"] = [tag.strip() for tag in str(values.get("tags", "")).split(",") if tag.strip()]
    if messages != revision.messages:
        values["messages"] = messages
    return values
