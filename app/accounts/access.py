"""Who is asking. Every route has one of these (or a project access) among its dependencies, or stands on a list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.accounts import queries, service
from app.accounts.models import ApiToken, User
from app.core.errors import Forbidden, SignInRequired
from app.web.session import SessionDep

COOKIE = "holdout_session"
F = TypeVar("F", bound=Callable[..., Any])


def decides(decision: str) -> Callable[[F], F]:
    """Mark a dependency as an authorization decision; an architecture test looks for the mark on every route."""

    def mark(function: F) -> F:
        function.authorization = decision  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Person:
    """Who signed in, in plain values: an error page names them after the rollback, when rows cannot be read."""

    id: str
    name: str
    email: str
    is_instance_admin: bool


@dataclass(frozen=True)
class Identity:
    """A signed-in person, and the API token they came with (None in a browser)."""

    user: User
    token: ApiToken | None = None


def identify(request: Request, session: Session) -> Identity:
    """The API takes bearer tokens only, pages take the cookie only: a forged form can never reach the API."""
    if comes_with_token(request):
        return _by_token(request, session)
    cookie = request.cookies.get(COOKIE)
    return in_browser(request, service.who_is(session, cookie) if cookie else None)


def comes_with_token(request: Request) -> bool:
    return request.url.path.startswith("/api/")


def in_browser(request: Request, user: User | None) -> Identity:
    if user is None:
        raise SignInRequired
    request.state.person = Person(user.id, user.name, user.email, user.is_instance_admin)
    return Identity(user)


def _by_token(request: Request, session: Session) -> Identity:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = queries.token_of(session, secret.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise SignInRequired
    return Identity(found[1], found[0])


@decides("signed in")
def signed_in(request: Request, session: SessionDep) -> Identity:
    return identify(request, session)


@decides("instance admin")
def instance_admin(request: Request, session: SessionDep) -> Identity:
    identity = identify(request, session)
    limited = identity.token is not None and (identity.token.project_id or identity.token.role not in (None, "admin"))
    if not identity.user.is_instance_admin or limited:
        raise Forbidden("Only an instance admin may do this.")
    return identity


SignedIn = Annotated[Identity, Depends(signed_in, scope="function")]
InstanceAdmin = Annotated[Identity, Depends(instance_admin, scope="function")]
