"""Typed contexts of the account pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.models import ApiToken, User
from app.core.errors import Invalid
from app.web.forms import FormState


@dataclass(frozen=True)
class SignInPage:
    next: str = "/"
    form: FormState = field(default_factory=FormState)
    title: str = "Sign in"


@dataclass(frozen=True)
class LinkPage:
    token: str
    spent: bool = False
    title: str = "Sign in"


@dataclass(frozen=True)
class AccountPage:
    email: str
    name: str
    has_password: bool
    tokens: Sequence[ApiToken]
    secret: str | None
    form: FormState
    title: str = "Your account"


def account(session: Session, user: User, *, secret: str | None = None, error: Invalid | None = None) -> AccountPage:
    form = FormState({}, {e.loc: e.msg for e in error.errors}, str(error)) if error else FormState()
    tokens = queries.tokens_of_user(session, user.id)
    return AccountPage(user.email, user.name, user.password_hash is not None, tokens, secret, form)
