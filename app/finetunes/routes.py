"""Pages of fine-tunes: list, launch, and one while it learns."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.core.errors import Conflict, Invalid
from app.finetunes import launch_page, pages, queries, service, stream
from app.finetunes.forms import Decision
from app.finetunes.listing import FilterDep
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep
from app.web.sse import event_stream

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/fine-tunes"
ONE = BASE + "/{fine_tune_id}"
PARTS = ("standing", "samples", "checkpoints", "log")


@router.get(BASE)
def list_page(
    request: Request, session: SessionDep, access: Viewer, narrowed: FilterDep, cursor: str | None = None
) -> Response:
    return render(request, "finetunes/list.html", pages.fine_tunes(session, access, narrowed, cursor))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    """The form; asked by htmx, the preflight of what stands in the address, or with ``part`` the settings."""
    asked = dict(request.query_params)
    page = launch_page.new(session, access, asked, source=asked.get("from"))
    block = "settings" if asked.get("part") == "settings" else "preflight"
    return render(request, "finetunes/new.html", page, block=block if is_htmx(request) else None)


@router.post(BASE)
def launch(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    values = form_values(form)
    try:
        wanted = launch_page.parse_fields(values, launch_page.dialect_of(session, values.get("provider_id")))
        row = service.launch(session, access, wanted, form_token=str(values.get("form_token") or "") or None)
    except (Invalid, Conflict) as error:
        state = refused(form, error if isinstance(error, Invalid) else Invalid(str(error)))
        page = launch_page.new(session, access, state.values, state)
        return render(request, "finetunes/new.html", page, status=422)
    return _to(access, row.id)


@router.get(ONE)
def one(
    request: Request, session: SessionDep, access: Viewer, fine_tune_id: str, part: str = "", log: str = ""
) -> Response:
    """Asked by htmx, one of its parts: they are fetched again while it learns."""
    row = queries.fine_tune(session, access.project.id, fine_tune_id)
    page = pages.one(session, access, row, log)
    if is_htmx(request):
        return render(request, f"finetunes/_{part if part in PARTS else PARTS[0]}.html", page)
    return render(request, "finetunes/one.html", page)


@router.get(ONE + "/events")
def events(request: Request, session: SessionDep, access: Viewer, fine_tune_id: str) -> StreamingResponse:
    row = queries.fine_tune(session, access.project.id, fine_tune_id)
    return event_stream(request, lambda last: stream.poll(request, access.project.slug, row.id, last))


@router.post(ONE + "/cancelling")
def cancel(session: SessionDep, access: Engineer, fine_tune_id: str) -> Response:
    service.cancel(session, access, service.editable(session, access, fine_tune_id))
    return _to(access, fine_tune_id)


@router.post(ONE + "/pausing")
def pause(session: SessionDep, access: Engineer, fine_tune_id: str) -> Response:
    service.pause(session, access, service.editable(session, access, fine_tune_id))
    return _to(access, fine_tune_id)


@router.post(ONE + "/resuming")
def resume(session: SessionDep, access: Engineer, fine_tune_id: str) -> Response:
    service.resume(session, access, service.editable(session, access, fine_tune_id))
    return _to(access, fine_tune_id)


@router.post(ONE + "/unknown-calls")
def decide(session: SessionDep, access: Engineer, fine_tune_id: str, form: FormDep) -> Response:
    action = parse(Decision, form_values(form)).action
    service.decide(session, access, service.editable(session, access, fine_tune_id), action)
    return _to(access, fine_tune_id)


def _to(access: Access, fine_tune_id: str) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/fine-tunes/{fine_tune_id}", 303)
