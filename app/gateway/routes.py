"""Pages of providers, for instance admins."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.accounts.access import InstanceAdmin
from app.core.errors import Conflict, Invalid
from app.gateway import pages, queries, service
from app.gateway.forms import NewProvider, ProviderChange
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/providers")
def list_page(request: Request, session: SessionDep, _admin: InstanceAdmin) -> Response:
    block = "providers" if is_htmx(request) else None
    return render(request, "gateway/list.html", pages.provider_list(session), block=block)


@router.get("/providers/new")
def new_page(request: Request, _admin: InstanceAdmin) -> Response:
    return render(request, "gateway/edit.html", pages.EditPage(None))


@router.post("/providers")
def create(request: Request, session: SessionDep, admin: InstanceAdmin, form: FormDep) -> Response:
    try:
        provider = service.create(session, admin.user, parse(NewProvider, form_values(form)))
    except (Invalid, Conflict) as error:
        return render(request, "gateway/edit.html", pages.EditPage(None, _again(form, error)), status=422)
    return RedirectResponse(f"/providers/{provider.id}", 303)


@router.get("/providers/{provider_id}")
def show(request: Request, session: SessionDep, _admin: InstanceAdmin, provider_id: str) -> Response:
    page = pages.ShowPage(queries.usable(session, provider_id))
    return render(request, "gateway/show.html", page, block="result" if is_htmx(request) else None)


@router.get("/providers/{provider_id}/edit")
def edit_page(request: Request, session: SessionDep, _admin: InstanceAdmin, provider_id: str) -> Response:
    return render(request, "gateway/edit.html", pages.EditPage(queries.usable(session, provider_id)))


@router.post("/providers/{provider_id}")
def change(request: Request, session: SessionDep, admin: InstanceAdmin, provider_id: str, form: FormDep) -> Response:
    provider = queries.usable(session, provider_id)
    try:
        values = {name: None for name in service.SETTINGS if name in form} | form_values(form)  # empty: none
        service.change(session, admin.user, provider, parse(ProviderChange, values))
    except (Invalid, Conflict) as error:
        return render(request, "gateway/edit.html", pages.EditPage(provider, _again(form, error)), status=422)
    return RedirectResponse(f"/providers/{provider.id}", 303)


@router.post("/providers/{provider_id}/check")
def check(session: SessionDep, _admin: InstanceAdmin, provider_id: str) -> Response:
    service.request_check(session, queries.usable(session, provider_id))
    return RedirectResponse(f"/providers/{provider_id}", 303)


@router.post("/providers/{provider_id}/removal")
def disable(session: SessionDep, admin: InstanceAdmin, provider_id: str) -> Response:
    service.disable(session, admin.user, queries.usable(session, provider_id))
    return RedirectResponse("/providers", 303)


def _again(form: FormDep, error: Invalid | Conflict) -> FormState:
    """What was typed, but never the key."""
    state = refused(form, error if isinstance(error, Invalid) else Invalid.field("name", str(error)))
    return FormState({k: v for k, v in state.values.items() if k != "api_key"}, state.errors, state.message)
