"""Sign in and out, and a person's own account page."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts import pages, service
from app.accounts.access import COOKIE, SignedIn
from app.accounts.forms import NewToken, PasswordChange, SignIn
from app.core.errors import Invalid, NotFound
from app.core.settings import get_settings
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


def local_target(target: str | None) -> str:
    """Only a path of our own: never another site."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target:
        return target
    return "/"


def _signed_in(cookie: str, target: str) -> Response:
    response = RedirectResponse(target, 303)
    https = (get_settings().base_url or "").startswith("https://")
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(service.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=https,
    )
    return response


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> Response:
    return render(request, "accounts/sign_in.html", pages.SignInPage(next=local_target(next)))


@router.post("/sign-in")
def sign_in(request: Request, session: SessionDep, form: FormDep) -> Response:
    try:
        data = parse(SignIn, form_values(form))
        peer = request.client.host if request.client else "unknown"
        _user, cookie = service.sign_in_by_password(session, data.email, data.password, peer)
    except Invalid as error:
        page = pages.SignInPage(next=local_target(str(form.get("next"))), form=refused(form, error))
        return render(request, "accounts/sign_in.html", page, status=422)
    return _signed_in(cookie, local_target(data.next))


@router.get("/sign-in/{token}")
def link_page(request: Request, token: str) -> Response:
    """A page with one button: a mail scanner that follows the link must not use it up."""
    return render(request, "accounts/link.html", pages.LinkPage(token=token))


@router.post("/sign-in/{token}")
def sign_in_by_link(request: Request, session: SessionDep, token: str) -> Response:
    try:
        _user, cookie = service.sign_in_by_link(session, token)
    except NotFound:
        return render(request, "accounts/link.html", pages.LinkPage(token=token, spent=True), status=404)
    return _signed_in(cookie, "/")


@router.post("/sign-out")
def sign_out(request: Request, session: SessionDep, _identity: SignedIn) -> Response:
    service.sign_out(session, request.cookies[COOKIE])
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/account")
def account(request: Request, session: SessionDep, identity: SignedIn) -> Response:
    return render(request, "accounts/account.html", pages.account(session, identity.user))


@router.post("/account/password")
def set_password(request: Request, session: SessionDep, identity: SignedIn, form: FormDep) -> Response:
    try:
        service.set_password(session, identity.user, parse(PasswordChange, form_values(form)).password)
    except Invalid as error:
        page = pages.account(session, identity.user, error=error)
        return render(request, "accounts/account.html", page, status=422)
    return _signed_in(service.start_session(session, identity.user), "/account")


@router.post("/account/tokens")
def make_token(request: Request, session: SessionDep, identity: SignedIn, form: FormDep) -> Response:
    try:
        _row, secret = service.make_token(session, identity.user, parse(NewToken, form_values(form)).name)
    except Invalid as error:
        page = pages.account(session, identity.user, error=error)
        return render(request, "accounts/account.html", page, status=422)
    return render(request, "accounts/account.html", pages.account(session, identity.user, secret=secret))


@router.post("/account/tokens/{token_id}/revocation")
def revoke_token(session: SessionDep, identity: SignedIn, token_id: str) -> Response:
    service.revoke_token(session, identity.user, token_id)
    return RedirectResponse("/account", 303)
