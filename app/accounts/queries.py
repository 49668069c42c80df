"""All SQL of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import ApiToken, AuditEvent, SignInLink, User, UserSession
from app.core.ids import token_hash


def user_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email.lower()))


def user_by_id(session: Session, user_id: str) -> User | None:
    return session.get(User, user_id)


def all_users(session: Session) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.created_at)).all()


def names(session: Session, user_ids: set[str]) -> dict[str, str]:
    """Display names by id."""
    if not user_ids:
        return {}
    return {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))}


def take_sign_in_link(session: Session, token: str) -> User | None:
    """Mark the link used and answer its person; None if it is unknown, used or too old. Atomic: one taker wins."""
    user_id = session.scalar(
        update(SignInLink)
        .where(
            SignInLink.token_hash == token_hash(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(SignInLink.user_id)
    )
    return None if user_id is None else active_user(session, user_id)


def active_user(session: Session, user_id: str) -> User | None:
    return session.scalar(select(User).where(User.id == user_id, User.disabled_at.is_(None)))


# Statements that every request or every decision runs are built once: to build one and to find it in SQLAlchemy's
# cache takes longer than Postgres needs for it.
SESSION_OF = (
    select(UserSession.token_hash, UserSession.last_seen_at, User)
    .join(User, User.id == UserSession.user_id)
    .where(
        UserSession.token_hash == bindparam("token_hash"),
        UserSession.expires_at > func.now(),
        UserSession.last_seen_at > bindparam("idle_since"),
        User.disabled_at.is_(None),
    )
)


def session_key(token: str, idle_since: datetime) -> dict[str, Any]:
    """The values of ``SESSION_OF``."""
    return {"token_hash": token_hash(token), "idle_since": idle_since}


def session_of(session: Session, token: str, idle_since: datetime) -> Row[bytes, datetime, User] | None:
    """(hash of the token, when it was last used, the person)"""
    return session.execute(SESSION_OF, session_key(token, idle_since)).first()


def seen_now(session: Session, token_hash: bytes) -> None:
    seen = update(UserSession).where(UserSession.token_hash == token_hash).values(last_seen_at=func.now())
    session.execute(seen.execution_options(synchronize_session=False))


def end_session(session: Session, token: str) -> None:
    session.execute(delete(UserSession).where(UserSession.token_hash == token_hash(token)))


def token_of(session: Session, token: str) -> tuple[ApiToken, User] | None:
    row = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.token_hash == token_hash(token),
            ApiToken.revoked_at.is_(None),
            (ApiToken.expires_at.is_(None)) | (ApiToken.expires_at > func.now()),
            User.disabled_at.is_(None),
        )
    ).first()
    return None if row is None else (row[0], row[1])


def tokens_of_user(session: Session, user_id: str) -> Sequence[ApiToken]:
    return session.scalars(
        select(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc())
    ).all()


def latest_events(session: Session, project_id: str, limit: int = 10) -> Sequence[AuditEvent]:
    return session.scalars(
        select(AuditEvent).where(AuditEvent.project_id == project_id).order_by(AuditEvent.id.desc()).limit(limit)
    ).all()


def sessions_of(session: Session, user_id: str) -> Sequence[UserSession]:
    return session.scalars(select(UserSession).where(UserSession.user_id == user_id)).all()


def other_admins(session: Session, user_id: str) -> int:
    """Instance admins who can sign in, without this person."""
    query = select(func.count()).select_from(User)
    return session.scalar(query.where(User.is_instance_admin, User.disabled_at.is_(None), User.id != user_id)) or 0


def remove_keys(session: Session, user_id: str) -> None:
    """Every way in: sessions, sign-in links, API tokens."""
    for table in (UserSession, SignInLink, ApiToken):
        session.execute(delete(table).where(table.user_id == user_id))
