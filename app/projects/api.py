"""Projects, members and tokens under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.accounts import service as accounts
from app.accounts.access import SignedIn
from app.accounts.forms import NewToken
from app.accounts.models import User
from app.core.errors import Forbidden, NotFound
from app.projects import queries, service
from app.projects.access import Admin, Viewer
from app.projects.forms import NewProject, ProjectChange, Role
from app.projects.models import Member, Project
from app.web.forms import StrictModel
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("projects")


class ProjectOut(BaseModel):
    id: str
    slug: str
    name: str
    goal: str
    brief: str
    guideline: str
    labels: list[str]
    output_schema: dict[str, Any] | None
    overlap: int
    expert_hourly_rate: float | None
    judge_bound: float
    created_at: datetime

    @classmethod
    def of(cls, project: Project) -> "ProjectOut":
        return cls.model_validate(project, from_attributes=True)


class MemberOut(BaseModel):
    id: str
    email: str
    name: str
    role: str
    may_sign_off: bool
    may_settle: bool

    @classmethod
    def of(cls, user: User, member: Member) -> "MemberOut":
        facts = {name: getattr(member, name) for name in ("role", "may_sign_off", "may_settle")}
        return cls(id=user.id, email=user.email, name=user.name, **facts)


class MemberIn(StrictModel):
    """A permission that is absent stays as it is."""

    email: str
    role: Role
    may_sign_off: bool | None = None
    may_settle: bool | None = None


class MemberGone(StrictModel):
    email: str


class MadeToken(BaseModel):
    id: str
    name: str
    token: str
    role: str | None
    expires_at: datetime | None


@router.get("/projects")
def list_projects(session: SessionDep, identity: SignedIn) -> ListAnswer[ProjectOut]:
    visible = queries.visible_to(session, identity.user)
    if identity.token and identity.token.project_id:
        visible = [p for p in visible if p.id == identity.token.project_id]
    return ListAnswer(items=[ProjectOut.of(p) for p in visible])


@router.post("/projects", status_code=201)
def create_project(session: SessionDep, identity: SignedIn, new: NewProject) -> ProjectOut:
    if identity.token and (identity.token.role not in (None, "admin") or identity.token.project_id):
        raise Forbidden("A limited token cannot create projects.")
    return ProjectOut.of(service.create(session, identity.user, new))


@router.get("/projects/{slug}")
def get_project(access: Viewer) -> ProjectOut:
    return ProjectOut.of(access.project)


@router.patch("/projects/{slug}")
def change_project(session: SessionDep, access: Admin, changes: ProjectChange) -> ProjectOut:
    return ProjectOut.of(service.change(session, access.user, access.project, changes))


@router.get("/projects/{slug}/members")
def list_members(session: SessionDep, access: Viewer) -> ListAnswer[MemberOut]:
    rows = queries.members(session, access.project.id)
    items = [MemberOut.of(user, member) for user, member in rows]
    return ListAnswer(items=items)


@router.post("/projects/{slug}/members", status_code=201)
def set_member(session: SessionDep, access: Admin, member: MemberIn) -> MemberOut:
    given = (member.email, member.role, member.may_sign_off, member.may_settle)
    user, row = service.set_member(session, access.user, access.project, *given)
    return MemberOut.of(user, row)


@router.delete("/projects/{slug}/members", status_code=204)
def remove_member(session: SessionDep, access: Admin, member: MemberGone) -> None:
    service.remove_member_by_email(session, access.user, access.project, member.email)


@router.post("/tokens", status_code=201)
def make_token(session: SessionDep, identity: SignedIn, new: NewToken) -> MadeToken:
    """The token is answered once. A limited token cannot make another one."""
    if identity.token and (identity.token.role or identity.token.project_id):
        raise Forbidden("A limited token cannot make tokens.")
    project_id = None
    if new.project:
        visible = {p.slug: p.id for p in queries.visible_to(session, identity.user)}
        if new.project not in visible:
            raise NotFound("This project")
        project_id = visible[new.project]
    row, secret = accounts.make_token(
        session, identity.user, new.name, role=new.role, project_id=project_id, expires_at=new.expires_at
    )
    return MadeToken(id=row.id, name=row.name, token=secret, role=row.role, expires_at=row.expires_at)
