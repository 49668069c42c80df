"""What people disagree on, one example at a time, for those who may settle it."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.annotation import queries, service, settle_pages, settling
from app.annotation import reservation_queries as places
from app.annotation.forms import NewSettlement
from app.annotation.models import Reservation
from app.annotation.reading import at_fields, shown_again, values
from app.core.errors import Conflict, Invalid
from app.projects.access import Access, Annotator
from app.web.forms import FormDep, FormState, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/review/settle"


@router.get(BASE)
def settle_page(request: Request, session: SessionDep, access: Annotator) -> Response:
    return _page(request, session, access, settling.next_disagreement(session, access))


@router.post(BASE + "/{reservation_id}/decision")
def settle(request: Request, session: SessionDep, access: Annotator, reservation_id: str, form: FormDep) -> Response:
    held = places.find(session, access.project.id, access.user.id, reservation_id)
    if held is None:
        if queries.by_token(session, access.user.id, str(form.get("client_token") or "")):  # a double click: it is done
            return _on(access)
        gone = FormState(message="Not saved. Your time with that one ran out. This is the next one.")
        return _page(request, session, access, settling.next_disagreement(session, access), gone, 409)
    example, revision = places.content(session, held)
    try:
        with session.begin_nested():
            new = parse(NewSettlement, values(form, revision, example.tags))
            settling.settle(session, access, example, new, held.id)
    except Invalid as error:
        return _page(request, session, access, held, shown_again(form, at_fields(error)), 422)
    except Conflict as error:
        gone = FormState(message=f"Not saved. {error}")
        return _page(request, session, access, settling.next_disagreement(session, access), gone, 409)
    return _on(access)


@router.post(BASE + "/{reservation_id}/skip")
def skip(session: SessionDep, access: Annotator, reservation_id: str) -> Response:
    held = places.find(session, access.project.id, access.user.id, reservation_id)
    if held is not None:
        service.skip(session, access, held)
    return _on(access)


@router.post(BASE + "/undo/{annotation_id}")
def undo(session: SessionDep, access: Annotator, annotation_id: str) -> Response:
    newest = queries.latest_settled(session, access.project.id, access.user.id)
    if newest is not None and newest.id == annotation_id:
        service.take_back(session, access, newest)
    return _on(access)


def _on(access: Access) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/review/settle", 303)


def _page(
    request: Request,
    session: Session,
    access: Access,
    held: Reservation | None,
    form: FormState | None = None,
    status: int = 200,
) -> Response:
    page = settle_pages.settle(session, access, held, form)
    return render(request, "annotation/settle.html", page, status=status)
