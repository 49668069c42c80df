"""Verbs of projects: create, change, and who works on them."""

import re2
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts import service as accounts_service
from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import is_id
from app.jobs.queue import enqueue
from app.projects import guidelines, queries
from app.projects.forms import NewProject, ProjectChange
from app.projects.models import Member, Project
from app.projects.rules import ROLES

SLUG = re2.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")


def create(session: Session, user: User, new: NewProject) -> Project:
    """Make a project; its maker becomes its admin."""
    if not SLUG.match(new.slug):
        raise Invalid.field("slug", "Use small letters, digits and inner hyphens, at most 64.")
    if queries.by_slug(session, new.slug):
        raise Conflict(f"There is already a project “{new.slug}”.")
    project = Project(**new.model_dump(), created_by=user.id)
    session.add(project)
    session.flush()
    session.add(Member(project_id=project.id, user_id=user.id, role="admin"))
    guidelines.begin(session, user, project)
    record(session, "create", "project", project.id, actor_id=user.id, project_id=project.id)
    return project


def change(session: Session, user: User, project: Project, changes: ProjectChange) -> Project:
    fields = changes.model_dump(exclude_unset=True)
    if "guideline" in fields:
        guidelines.write(session, user, project, fields.pop("guideline"))
    for name, value in fields.items():
        setattr(project, name, value)
    if "overlap" in fields:  # what has all its opinions now is decided, if they agree
        enqueue(session, "annotation.catch_up", key=f"opinions:{project.id}", project_id=project.id)
    record(
        session,
        "change",
        "project",
        project.id,
        actor_id=user.id,
        project_id=project.id,
        fields=sorted(changes.model_fields_set),
    )
    return project


def set_member(
    session: Session,
    actor: User,
    project: Project,
    email: str,
    role: str,
    may_sign_off: bool | None = None,
    may_settle: bool | None = None,
) -> tuple[User, Member]:
    """Give a person a role in the project; someone unknown gets an account (and needs a sign-in link).

    A permission that is None stays as it is.
    """
    if role not in ROLES:
        raise Invalid.field("role", f"One of {', '.join(ROLES)}.")
    user = accounts.user_by_email(session, email) or accounts_service.add_user(session, email)
    member = session.merge(Member(project_id=project.id, user_id=user.id, role=role))
    if may_sign_off is not None:
        member.may_sign_off = may_sign_off
    if may_settle is not None:
        member.may_settle = may_settle
    session.flush()
    facts = {"role": role, "may_sign_off": member.may_sign_off, "may_settle": member.may_settle}
    record(session, "set-role", "member", user.id, actor_id=actor.id, project_id=project.id, **facts)
    return user, member


def let_sign_off(session: Session, actor: User, project: Project, user_id: str, allowed: bool) -> None:
    """Give a member the permission to sign off, or take it back. What was signed stays."""
    member = queries.membership(session, project.id, user_id) if is_id(user_id) else None
    if member is None:
        raise NotFound("This member")
    member.may_sign_off = allowed
    record(session, "set-sign-off", "member", user_id, actor_id=actor.id, project_id=project.id, may_sign_off=allowed)


def let_settle(session: Session, actor: User, project: Project, user_id: str, allowed: bool) -> None:
    """Give a member the permission to settle what annotators disagree on, or take it back."""
    member = queries.membership(session, project.id, user_id) if is_id(user_id) else None
    if member is None:
        raise NotFound("This member")
    member.may_settle = allowed
    record(session, "set-settling", "member", user_id, actor_id=actor.id, project_id=project.id, may_settle=allowed)


def remove_member(session: Session, actor: User, project: Project, user_id: str) -> None:
    if not queries.remove_member(session, project.id, user_id):
        raise NotFound("This member")
    record(session, "remove", "member", user_id, actor_id=actor.id, project_id=project.id)


def remove_member_by_email(session: Session, actor: User, project: Project, email: str) -> None:
    user = accounts.user_by_email(session, email)
    if user is None:
        raise NotFound("This member")
    remove_member(session, actor, project, user.id)
