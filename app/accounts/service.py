"""Verbs of accounts: make people, sign them in and out, give out tokens."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.accounts import queries
from app.accounts.audit import record
from app.accounts.models import ApiToken, SignInLink, User, UserSession
from app.accounts.passwords import hash_password, verify_password
from app.accounts.throttle import count_attempt
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_token, token_hash

SESSION_LIFETIME = timedelta(days=30)
SESSION_IDLE = timedelta(days=7)
LINK_LIFETIME = timedelta(hours=24)


def add_user(session: Session, email: str, name: str | None = None, *, is_instance_admin: bool = False) -> User:
    """Make a person; Conflict if the address is taken, Invalid if it is none."""
    address = email.strip().lower()
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@") or len(address) > 254:
        raise Invalid.field("email", "Write an e-mail address, like ana@example.com.")
    if queries.user_by_email(session, address):
        raise Conflict(f"{address} already has an account.")
    user = User(email=address, name=name or address.split("@")[0], is_instance_admin=is_instance_admin)
    session.add(user)
    session.flush()
    record(session, "add", "user", user.id, actor_id=None)
    return user


def make_sign_in_link(session: Session, user: User, lifetime: timedelta = LINK_LIFETIME) -> str:
    """A token for ``/sign-in/{token}``, good once. Only its hash is kept."""
    token = new_token("link")
    session.add(SignInLink(user_id=user.id, token_hash=token_hash(token), expires_at=utcnow() + lifetime))
    session.flush()
    return token


def sign_in_by_link(session: Session, token: str) -> tuple[User, str]:
    user = queries.take_sign_in_link(session, token)
    if user is None:
        raise NotFound("This sign-in link was used already or is too old; it")
    return user, start_session(session, user)


def sign_in_by_password(session: Session, email: str, password: str, peer: str) -> tuple[User, str]:
    """Throttled by account and by peer address; the same words whether the person or the password is wrong."""
    address = email.strip().lower()
    count_attempt(f"sign-in:{address}", limit=10, window=timedelta(minutes=5))
    count_attempt(f"sign-in-peer:{peer}", limit=60, window=timedelta(minutes=5))
    user = queries.user_by_email(session, address)
    right = verify_password(password, user.password_hash if user else None)
    if user is None or not right or user.disabled_at:
        raise Invalid("The e-mail address or the password is wrong.")
    return user, start_session(session, user)


def start_session(session: Session, user: User) -> str:
    """A fresh random cookie value; any earlier one stays valid only for its own browser."""
    token = new_token("sess")
    session.add(UserSession(user_id=user.id, token_hash=token_hash(token), expires_at=utcnow() + SESSION_LIFETIME))
    record(session, "sign-in", "user", user.id, actor_id=user.id)
    return token


def who_is(session: Session, token: str) -> User | None:
    """The person behind a session cookie; ``last_seen_at`` is kept fresh, at most one write a minute."""
    found = queries.session_of(session, token, idle_since())
    if found is None:
        return None
    hashed, seen, user = found
    keep_seen(session, hashed, seen)
    return user


def idle_since() -> datetime:
    """A session that was last used before this has ended."""
    return utcnow() - SESSION_IDLE


def keep_seen(session: Session, token_hash: bytes, seen: datetime) -> None:
    if utcnow() - seen > timedelta(minutes=1):
        queries.seen_now(session, token_hash)


def sign_out(session: Session, token: str) -> None:
    queries.end_session(session, token)


def set_password(session: Session, user: User, password: str) -> None:
    """Set it and end every session of the person."""
    user.password_hash = hash_password(password)
    for row in queries.sessions_of(session, user.id):
        session.delete(row)
    record(session, "set-password", "user", user.id, actor_id=user.id)


def make_token(
    session: Session,
    user: User,
    name: str,
    *,
    role: str | None = None,
    project_id: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """An API token; the secret is answered once and only its hash is kept. ``role`` can only narrow."""
    if expires_at is not None and expires_at <= utcnow():
        raise Invalid.field("expires_at", "This time has passed.")
    secret = new_token("hld")
    row = ApiToken(
        user_id=user.id,
        name=name,
        token_hash=token_hash(secret),
        last4=secret[-4:],
        role=role,
        project_id=project_id,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    record(session, "make", "token", row.id, actor_id=user.id, project_id=project_id, name=name)
    return row, secret


def revoke_token(session: Session, user: User, token_id: str) -> None:
    row = next((t for t in queries.tokens_of_user(session, user.id) if t.id == token_id), None)
    if row is None:
        raise NotFound("This token")
    row.revoked_at = utcnow()
    record(session, "revoke", "token", row.id, actor_id=user.id)


def erase_account(session: Session, user: User) -> None:
    """Take name, address and every way in from a person, for good; what they did stays, under no name.

    Raises Conflict for the last instance admin.
    """
    if user.is_instance_admin and not queries.other_admins(session, user.id):
        raise Conflict("This is the last instance admin: make another one first (`holdout user add … --role admin`).")
    queries.remove_keys(session, user.id)
    user.email, user.name = f"{user.id}@erased.invalid", "Erased person"
    user.password_hash, user.is_instance_admin, user.disabled_at = None, False, utcnow()
    record(session, "erase", "user", user.id, actor_id=None)
    session.flush()
