"""The review page. One request a decision: it takes the verdict and answers with the next example.

A page that shows the next example already says which (``shown``); the answer is then the one after that.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.annotation import done_routes, pages, queries, service, settle_routes
from app.annotation import reservation_queries as places
from app.annotation.forms import NewAnnotation, NewDraft, ReviewQuery
from app.annotation.models import Reservation
from app.annotation.reading import at_fields, shown_again, typed, values
from app.annotation.suggestions import service as suggestions
from app.core.errors import Conflict, Invalid
from app.core.ids import is_id
from app.projects.access import Access, Annotator, Viewer
from app.projects.one_thread import at_once
from app.web.addresses import remembered_query
from app.web.forms import FormDep, FormState, parse
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
router.include_router(done_routes.router)
router.include_router(settle_routes.router)
BASE = "/p/{slug}/review"
asked_for = remembered_query(ReviewQuery)


async def _asked_for(request: Request) -> ReviewQuery:
    """Without a thread of its own."""
    return asked_for(request)


Wanted = Annotated[ReviewQuery, Depends(_asked_for)]


@router.get(BASE)
def review(request: Request, session: SessionDep, access: Annotator, wanted: Wanted) -> Response:
    held = service.next_item(session, access, wanted, wanted.queue)
    page = pages.review(session, access, wanted, held, query=request.url.query)
    return render(request, "annotation/review.html", page)


@router.get(BASE + "/flagged")
def flagged(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "annotation/flagged.html", pages.flagged(session, access))


@router.get("/p/{slug}/examples/{example_id}/annotations")
def said(request: Request, session: SessionDep, access: Viewer, example_id: str) -> Response:
    """What people said of one example: a page, and for the example's own page a part of it."""
    page = pages.said_of(session, access, example_id)
    return render(request, "annotation/said.html", page, block="said" if is_htmx(request) else None)


def ahead(request: Request, session: Session, access: Access, form: FormData) -> Response:
    """The example after the one that is ``shown``, reserved for a short time: the page keeps it ready."""
    wanted = asked_for(request)
    held = service.next_item(session, access, wanted, wanted.queue, shown=_shown(form))
    if held is None:
        return Response(status_code=204)
    page = pages.review(session, access, wanted, held, query=request.url.query, whole=False)
    return render(request, "annotation/review.html", page, block="item")


def decide(request: Request, session: Session, access: Access, form: FormData) -> Response:
    reservation_id, wanted, shown = request.path_params["reservation_id"], asked_for(request), _shown(form)
    found = places.held_content(session, access.project.id, access.user.id, reservation_id)
    if found is None:
        if queries.by_token(session, access.user.id, str(form.get("client_token") or "")):  # a double click: it is done
            return _next(request, session, access, wanted, shown=shown)
        gone = FormState(message="Your time with that example ran out and somebody else has it. This is the next one.")
        return _next(request, session, access, wanted, gone, 409, shown=shown)
    example, revision = found
    if form.get("verdict") == "draft":
        held = places.get(session, access.project.id, access.user.id, reservation_id)
        kept = parse(NewDraft, {name: form.get(name) for name in ("revision", "seconds")})
        service.put_aside(session, access, held, kept.revision, typed(form), kept.seconds)
        return _next(request, session, access, wanted, shown=shown)
    example_id = example.id
    try:
        given = values(form, revision, example.tags)
        annotation = service.annotate(
            session, access, example, parse(NewAnnotation, given), reservation_id=reservation_id
        )
        suggestions.settle(session, annotation, str(form.get("suggestion_id", "")), revision, given)
    except (Invalid, Conflict) as error:
        session.rollback()  # a refused decision leaves nothing behind, and the page can still be shown
        return _refuse(request, session, access, wanted, example_id, form, error)
    return _next(request, session, access, wanted, shown=shown)


@router.post(BASE + "/{reservation_id}/skip")
def skip(
    request: Request, session: SessionDep, access: Annotator, reservation_id: str, wanted: Wanted, form: FormDep
) -> Response:
    held = places.find(session, access.project.id, access.user.id, reservation_id)
    if held is not None:  # else a double click, or somebody else has it: there is nothing to pass over
        service.skip(session, access, held, _seconds(form))
    return _next(request, session, access, wanted, shown=_shown(form))


@router.post(BASE + "/{reservation_id}/renewal", status_code=204)
def renew(session: SessionDep, access: Annotator, reservation_id: str) -> None:
    """A sign of life: the example stays this person's for another 15 minutes, and the one ahead with it."""
    held = places.find(session, access.project.id, access.user.id, reservation_id)
    if held is None:
        raise Conflict("Somebody else has this example now. Reload the page for the next one.")
    places.keep_all(session, access.project.id, access.user.id, held)


@router.post(BASE + "/undo/{annotation_id}")
def undo(request: Request, session: SessionDep, access: Annotator, annotation_id: str, wanted: Wanted) -> Response:
    """Take back the decision that the page named, so that a double click takes back one."""
    newest = queries.latest(session, access.project.id, access.user.id)
    if newest is None or newest.id != annotation_id:
        return _next(request, session, access, wanted)
    try:
        with session.begin_nested():
            held = service.undo(session, access, newest)
    except Conflict as error:
        return _next(request, session, access, wanted, FormState(message=f"Not undone. {error}"), 409)
    return _next(request, session, access, wanted, held=held)


def _shown(form: FormData) -> str | None:
    """The id of the example that the page shows already."""
    given = str(form.get("shown") or "")
    return given if is_id(given) else None


def _seconds(form: FormData) -> float:
    given = str(form.get("seconds") or "")
    return float(given) if given.isdecimal() and len(given) < 6 else 0.0


def _refuse(
    request: Request,
    session: Session,
    access: Access,
    wanted: ReviewQuery,
    example_id: str,
    typed: FormData,
    error: Invalid | Conflict,
) -> Response:
    """What was typed stays in the fields, over the newest revision, so that both can be read: of that example only."""
    if isinstance(error, Invalid):
        form, status = shown_again(typed, at_fields(error)), 422
    else:
        form, status = shown_again(typed, Invalid(f"Not saved. {error}")), 409
    held = service.next_item(session, access, wanted, wanted.queue)
    if held is None or held.example_id != example_id:
        form = FormState(message=form.message)
    return _next(request, session, access, wanted, form, status, held)


def _next(
    request: Request,
    session: Session,
    access: Access,
    wanted: ReviewQuery,
    form: FormState | None = None,
    status: int = 200,
    held: Reservation | None = None,
    shown: str | None = None,
) -> Response:
    """``held``, or what this person holds, or the next example; with the form as it was typed where it was refused."""
    htmx = is_htmx(request)
    if not htmx and status == 200:
        return RedirectResponse(f"/p/{access.project.slug}/review?{request.url.query}".rstrip("?"), 303)
    held = held or service.next_item(session, access, wanted, wanted.queue, shown=shown)
    page = pages.review(session, access, wanted, held, query=request.url.query, form=form, whole=not htmx)
    return render(request, "annotation/review.html", page, block="answer" if htmx else None, status=status)


#: What every decision calls; ``main`` puts them in front of all other routes.
ROUTES_AT_ONCE = (
    at_once(BASE + "/{reservation_id}/decision", "annotator", decide),
    at_once(BASE + "/ahead", "annotator", ahead),
)
