"""Project list, new project, settings with people."""

import json

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.accounts import queries as accounts
from app.accounts import service as accounts_service
from app.accounts.access import SignedIn
from app.core.errors import HoldoutError, Invalid, NotFound
from app.projects import pages, queries, service
from app.projects.access import Admin, Viewer
from app.projects.forms import NewProject, ProjectChange
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(session: SessionDep, identity: SignedIn) -> Response:
    """One project: straight to it. Otherwise the list."""
    visible = queries.visible_to(session, identity.user)
    return RedirectResponse(f"/p/{visible[0].slug}" if len(visible) == 1 else "/projects", 303)


@router.get("/projects")
def list_page(request: Request, session: SessionDep, identity: SignedIn) -> Response:
    page = pages.ListPage(queries.visible_to(session, identity.user))
    return render(request, "projects/list.html", page)


@router.get("/projects/new")
def new_page(request: Request, _identity: SignedIn) -> Response:
    return render(request, "projects/new.html", pages.NewPage())


@router.post("/projects")
def create(request: Request, session: SessionDep, identity: SignedIn, form: FormDep) -> Response:
    try:
        project = service.create(session, identity.user, parse(NewProject, _values(form)))
    except HoldoutError as error:
        page = pages.NewPage(refused(form, error if isinstance(error, Invalid) else Invalid(str(error))))
        return render(request, "projects/new.html", page, status=422)
    return RedirectResponse(f"/p/{project.slug}", 303)


@router.get("/p/{slug}/settings")
def settings_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "projects/settings.html", pages.settings(session, access))


@router.post("/p/{slug}/settings")
def change(request: Request, session: SessionDep, access: Admin, form: FormDep) -> Response:
    try:
        service.change(session, access.user, access.project, parse(ProjectChange, _values(form)))
    except Invalid as error:
        page = pages.settings(session, access, form=refused(form, error))
        return render(request, "projects/settings.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/settings", 303)


@router.post("/p/{slug}/members")
def set_member(request: Request, session: SessionDep, access: Admin, form: FormDep) -> Response:
    email, role = str(form.get("email", "")), str(form.get("role", ""))
    try:
        service.set_member(session, access.user, access.project, email, role)
    except Invalid as error:
        page = pages.settings(session, access, form=refused(form, error))
        return render(request, "projects/settings.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/settings#people", 303)


@router.post("/p/{slug}/members/{user_id}/sign-off-permission")
def let_sign_off(session: SessionDep, access: Admin, user_id: str, form: FormDep) -> Response:
    service.let_sign_off(session, access.user, access.project, user_id, form.get("allowed") == "true")
    return RedirectResponse(f"/p/{access.project.slug}/settings#people", 303)


@router.post("/p/{slug}/members/{user_id}/settling-permission")
def let_settle(session: SessionDep, access: Admin, user_id: str, form: FormDep) -> Response:
    service.let_settle(session, access.user, access.project, user_id, form.get("allowed") == "true")
    return RedirectResponse(f"/p/{access.project.slug}/settings#people", 303)


@router.post("/p/{slug}/members/{user_id}/removal")
def remove_member(session: SessionDep, access: Admin, user_id: str) -> Response:
    service.remove_member(session, access.user, access.project, user_id)
    return RedirectResponse(f"/p/{access.project.slug}/settings#people", 303)


@router.post("/p/{slug}/members/{user_id}/sign-in-link")
def member_link(request: Request, session: SessionDep, access: Admin, user_id: str) -> Response:
    """A one-time link to hand to a member. Never for an instance admin: that would lend their power."""
    user = accounts.user_by_id(session, user_id)
    if user is None or user.is_instance_admin or queries.membership(session, access.project.id, user.id) is None:
        raise NotFound("This member")
    token = accounts_service.make_sign_in_link(session, user)
    page = pages.settings(session, access, link=f"{request.base_url}sign-in/{token}", link_for=user.email)
    return render(request, "projects/settings.html", page)


def _values(form: FormData) -> dict[str, object]:
    """Labels come one a line, the schema as JSON text."""
    values = form_values(form)
    values["labels"] = [line.strip() for line in str(values.pop("labels", "")).splitlines() if line.strip()]
    text = values.pop("output_schema", None)
    if text:
        try:
            values["output_schema"] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Invalid.field("output_schema", f"This is not JSON: {error}") from error
    else:
        values["output_schema"] = None
    values.setdefault("expert_hourly_rate", None)
    return values
