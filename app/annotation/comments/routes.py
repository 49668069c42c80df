"""The comment thread of an example: a page, and a part of the example's page and of the review."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.annotation.comments import mentions, pages, queries, service
from app.annotation.comments.forms import NewComment
from app.core.errors import Invalid
from app.examples import queries as examples
from app.projects.access import Access, Annotator, Viewer
from app.web.forms import FormDep, FormState, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/examples/{example_id}/comments"


@router.get("/p/{slug}/mentions")
def named(request: Request, session: SessionDep, access: Viewer) -> Response:
    """Where comments name whoever looks."""
    return render(request, "comments/mentions.html", pages.mentioned(session, access))


@router.get(BASE)
def thread(
    request: Request,
    session: SessionDep,
    access: Viewer,
    example_id: str,
    focus: bool = False,
    editing: str | None = None,
) -> Response:
    mentions.see(session, access.user.id, examples.get(session, access.project.id, example_id).id)
    page = pages.thread(session, access, example_id, focus=focus, editing=editing)
    return render(request, "comments/thread.html", page, block="thread" if is_htmx(request) else None)


@router.post(BASE)
def say(request: Request, session: SessionDep, access: Annotator, example_id: str, form: FormDep) -> Response:
    example = examples.get(session, access.project.id, example_id)
    try:
        service.say(session, access, example, parse(NewComment, {"text": str(form.get("text", ""))}).text)
    except Invalid as error:
        return _answer(request, session, access, example_id, refused(form, error))
    return _answer(request, session, access, example_id)


@router.post(BASE + "/{comment_id}")
def reword(
    request: Request, session: SessionDep, access: Annotator, example_id: str, comment_id: str, form: FormDep
) -> Response:
    comment = queries.get(session, access.project.id, example_id, comment_id)
    try:
        service.reword(session, access, comment, parse(NewComment, {"text": str(form.get("text", ""))}).text)
    except Invalid as error:
        return _answer(request, session, access, example_id, FormState(message=str(error)))
    return _answer(request, session, access, example_id)


@router.post(BASE + "/{comment_id}/removal")
def take_back(request: Request, session: SessionDep, access: Annotator, example_id: str, comment_id: str) -> Response:
    comment = queries.get(session, access.project.id, example_id, comment_id)
    service.take_back(session, access, comment)
    return _answer(request, session, access, example_id)


def _answer(
    request: Request, session: Session, access: Access, example_id: str, form: FormState | None = None
) -> Response:
    if form is None and not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/examples/{example_id}#comments", 303)
    session.flush()
    page = pages.thread(session, access, example_id, form=form, focus=True)
    status = 200 if form is None else 422
    return render(request, "comments/thread.html", page, block="thread" if is_htmx(request) else None, status=status)
