"""Load the project in the URL and decide whether this person may do this there.

A project that someone is not a member of looks exactly like one that does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.accounts import service
from app.accounts.access import COOKIE, Identity, comes_with_token, decides, identify, in_browser
from app.accounts.models import User
from app.core.errors import Forbidden, NotFound, SignInRequired
from app.projects import queries
from app.projects.models import Project
from app.projects.queries import Membership
from app.projects.rules import at_least, lower
from app.web.session import SessionDep


@dataclass(frozen=True)
class Access:
    """A person in a project, with the role that counts for this request."""

    user: User
    project: Project
    role: str
    signs: bool = False  # was given the permission to sign off
    settles: bool = False  # was given the permission to settle

    def can(self, role: str) -> bool:
        return at_least(self.role, role)

    @property
    def may_sign_off(self) -> bool:
        """Whoever was given the permission, and admins, who could give it to themselves."""
        return self.signs or self.can("admin")

    @property
    def may_settle(self) -> bool:
        """Engineers and admins decide what annotators disagree on, and whoever was given the permission."""
        return self.can("engineer") or (self.settles and self.can("annotator"))

    @property
    def decides_alone(self) -> bool:
        """Where a project asks for several opinions, only those who may settle decide past the queue."""
        return self.project.overlap == 1 or self.may_settle


@dataclass(frozen=True)
class Place:
    """The project of the request in plain values, for what is rendered after the transaction (see ``Person``)."""

    id: str
    slug: str
    name: str
    goal: str
    role: str  # of this person, for this request


def project_access(needed: str) -> Callable[..., Access]:
    @decides(f"project {needed}")
    def dependency(slug: str, request: Request, session: SessionDep) -> Access:
        identity, project, member = _who_and_where(request, session, slug)
        role = None if project is None else _role(project, identity, member)
        if project is None or role is None:
            raise NotFound("This project")
        signs, settles = _permissions(identity, member)
        access = Access(identity.user, project, role, signs, settles)
        request.state.project = Place(project.id, project.slug, project.name, project.goal, role)
        if not at_least(role, needed):
            raise Forbidden(f"This needs the role {needed} in the project; yours is {role}.")
        return access

    return dependency


def _who_and_where(request: Request, session: Session, slug: str) -> tuple[Identity, Project | None, Membership | None]:
    cookie = request.cookies.get(COOKIE)
    if comes_with_token(request) or not cookie:
        identity = identify(request, session)
        return identity, *queries.with_membership(session, slug, identity.user.id)
    found = queries.in_browser(session, cookie, service.idle_since(), slug)
    if found is None:
        raise SignInRequired
    service.keep_seen(session, found.token_hash, found.seen)
    return in_browser(request, found.user), found.project, found.membership


@decides("project sign-off")
def signer(access: Annotated[Access, Depends(project_access("viewer"), scope="function")]) -> Access:
    if not access.may_sign_off:
        raise Forbidden("Signing off needs the permission to sign off; an admin of the project gives it to members.")
    return access


def _permissions(identity: Identity, member: Membership | None) -> tuple[bool, bool]:
    """(sign off, settle). They are a person's, so a token that is limited to a role does not carry them."""
    if member is None or (identity.token is not None and identity.token.role is not None):
        return False, False
    return member.may_sign_off, member.may_settle


def _role(project: Project, identity: Identity, member: Membership | None) -> str | None:
    role = "admin" if identity.user.is_instance_admin else member.role if member else None
    token = identity.token
    if role is None or token is None:
        return role
    if token.project_id not in (None, project.id):
        return None
    return lower(role, token.role) if token.role else role


Viewer = Annotated[Access, Depends(project_access("viewer"), scope="function")]
Annotator = Annotated[Access, Depends(project_access("annotator"), scope="function")]
Engineer = Annotated[Access, Depends(project_access("engineer"), scope="function")]
Admin = Annotated[Access, Depends(project_access("admin"), scope="function")]
Signer = Annotated[Access, Depends(signer, scope="function")]
