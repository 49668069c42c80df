"""Invitations of a round, and the way in by a link."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts import access as accounts
from app.core.errors import Conflict, Invalid, NotFound
from app.core.settings import get_settings
from app.preferences import queries
from app.preferences.guests import entry, pages, service
from app.preferences.guests.forms import NewInvitation
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds/{round_id}/guests"
# a stranger's page: found by no search engine, and the address goes to no other site
PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Engineer, round_id: str) -> Response:
    round_ = queries.round_of(session, access.project.id, round_id)
    return render(request, "preferences/guests/list.html", pages.invitations(session, access, round_))


@router.post(BASE)
def invite(request: Request, session: SessionDep, access: Engineer, round_id: str, form: FormDep) -> Response:
    """The answer shows the address, once."""
    round_ = queries.round_of(session, access.project.id, round_id)
    try:
        _row, made = service.invite(session, access, round_, parse(NewInvitation, form_values(form)))
    except (Invalid, Conflict) as error:
        told = error if isinstance(error, Invalid) else Invalid(str(error))
        page = pages.invitations(session, access, round_, form=refused(form, told))
        status = 422 if isinstance(error, Invalid) else 409
        return render(request, "preferences/guests/list.html", page, status=status)
    page = pages.invitations(session, access, round_, made=made)
    return render(request, "preferences/guests/list.html", page, headers={"Cache-Control": "no-store"})


@router.post(BASE + "/{invitation_id}/link")
def make_link(request: Request, session: SessionDep, access: Engineer, round_id: str, invitation_id: str) -> Response:
    """The answer shows the new address, once."""
    round_ = queries.round_of(session, access.project.id, round_id)
    _row, made = service.make_link(session, access, round_, invitation_id)
    page = pages.invitations(session, access, round_, made=made)
    return render(request, "preferences/guests/list.html", page, headers={"Cache-Control": "no-store"})


@router.post(BASE + "/{invitation_id}/revocation")
def revoke(session: SessionDep, access: Engineer, round_id: str, invitation_id: str) -> Response:
    service.revoke(session, access, queries.round_of(session, access.project.id, round_id), invitation_id)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/guests", 303)


@router.get("/invited/{token}")
def entry_page(request: Request, token: str) -> Response:
    """A page with one button, the same for every token: a mail scanner that follows the link learns nothing by it."""
    return render(request, "preferences/guests/entry.html", pages.EntryPage(token), headers=PRIVATE)


@router.post("/invited/{token}")
def enter(request: Request, session: SessionDep, token: str) -> Response:
    peer = request.client.host if request.client else "unknown"
    try:
        guest = entry.enter(session, token, peer, request.cookies.get(accounts.COOKIE))
    except (NotFound, Conflict) as error:
        page = pages.EntryPage(token, str(error))
        status = 404 if isinstance(error, NotFound) else 409
        return render(request, "preferences/guests/entry.html", page, status=status, headers=PRIVATE)
    response = RedirectResponse(f"{guest.base}/vote", 303, headers=PRIVATE)
    https = (get_settings().base_url or "").startswith("https://")
    response.set_cookie(
        entry.COOKIE, token, max_age=guest.seconds_left, path=guest.base, httponly=True, samesite="lax", secure=https
    )
    return response
