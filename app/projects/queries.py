"""All SQL of projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, and_, bindparam, delete, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.queries import SESSION_OF, session_key
from app.projects.models import Member, Project


def by_slug(session: Session, slug: str) -> Project | None:
    return session.scalar(select(Project).where(Project.slug == slug))


@dataclass(frozen=True)
class Membership:
    """What a member of a project is in it."""

    role: str
    may_sign_off: bool
    may_settle: bool


MEMBERSHIP = (Member.role, Member.may_sign_off, Member.may_settle)
WITH_MEMBERSHIP = (
    select(Project, *MEMBERSHIP)
    .outerjoin(Member, and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id")))
    .where(Project.slug == bindparam("slug"))
)


def with_membership(session: Session, slug: str, user_id: str) -> tuple[Project | None, Membership | None]:
    """The project and what this person is in it, in one round trip: every request asks."""
    row = session.execute(WITH_MEMBERSHIP, {"slug": slug, "user_id": user_id}).first()
    return (None, None) if row is None else (row[0], _membership(*row[1:]))


def _membership(role: str | None, may_sign_off: bool, may_settle: bool) -> Membership | None:
    return None if role is None else Membership(role, may_sign_off, may_settle)


IN_BROWSER = (
    SESSION_OF.add_columns(Project, *MEMBERSHIP)
    .outerjoin(Project, Project.slug == bindparam("slug"))
    .outerjoin(Member, and_(Member.project_id == Project.id, Member.user_id == User.id))
)


@dataclass(frozen=True)
class InBrowser:
    """Who is behind a session cookie, with the project of the URL and what they are in it."""

    token_hash: bytes
    seen: datetime
    user: User
    project: Project | None
    membership: Membership | None


def in_browser(session: Session, token: str, idle_since: datetime, slug: str) -> InBrowser | None:
    """One round trip for both questions. None where nobody is signed in."""
    row = session.execute(IN_BROWSER, session_key(token, idle_since) | {"slug": slug}).first()
    if row is None:
        return None
    token_hash, seen, user, project, *membership = row
    return InBrowser(token_hash, seen, user, project, _membership(*membership))


def membership(session: Session, project_id: str, user_id: str) -> Member | None:
    return session.scalar(select(Member).where(Member.project_id == project_id, Member.user_id == user_id))


def by_id(session: Session, project_id: str) -> Project | None:
    return session.get(Project, project_id)


def visible_to(session: Session, user: User) -> Sequence[Project]:
    """The projects a person may see, by name."""
    query = select(Project).order_by(Project.name, Project.id)
    if not user.is_instance_admin:
        query = query.join(Member, Member.project_id == Project.id).where(Member.user_id == user.id)
    return session.scalars(query).all()


def members(session: Session, project_id: str) -> Sequence[Row[User, Member]]:
    """(User, Member) of each member, in order of joining."""
    return session.execute(
        select(User, Member)
        .join(Member, Member.user_id == User.id)
        .where(Member.project_id == project_id)
        .order_by(Member.created_at, User.email)
    ).all()


def remove_member(session: Session, project_id: str, user_id: str) -> bool:
    removed = session.execute(
        delete(Member).where(Member.project_id == project_id, Member.user_id == user_id).returning(Member.user_id)
    )
    return removed.first() is not None
