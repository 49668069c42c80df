"""All SQL of projects."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, and_, bindparam, delete, select
from sqlalchemy.orm import Session

from app.accounts.models import User, UserSession
from app.accounts.queries import SESSION_OF, session_key
from app.projects.models import Member, Project


def by_slug(session: Session, slug: str) -> Project | None:
    return session.scalar(select(Project).where(Project.slug == slug))


WITH_MEMBERSHIP = (
    select(Project, Member)
    .outerjoin(Member, and_(Member.project_id == Project.id, Member.user_id == bindparam("user_id")))
    .where(Project.slug == bindparam("slug"))
)


def with_membership(session: Session, slug: str, user_id: str) -> tuple[Project | None, Member | None]:
    """The project and what this person is in it, in one round trip: every request asks."""
    row = session.execute(WITH_MEMBERSHIP, {"slug": slug, "user_id": user_id}).first()
    return (None, None) if row is None else (row[0], row[1])


IN_BROWSER = (
    SESSION_OF.add_columns(Project, Member)
    .outerjoin(Project, Project.slug == bindparam("slug"))
    .outerjoin(Member, and_(Member.project_id == Project.id, Member.user_id == User.id))
)


def in_browser(
    session: Session, token: str, idle_since: datetime, slug: str
) -> Row[UserSession, User, Project | None, Member | None] | None:
    """Who is behind a session cookie, with the project of the URL and what they are in it: one round trip for both
    questions. None where nobody is signed in."""
    return session.execute(IN_BROWSER, session_key(token, idle_since) | {"slug": slug}).first()


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
