"""Pages of imports: upload, look and map, watch, report, undo."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.core.db import transaction
from app.core.errors import Invalid, TooLarge
from app.examples import import_pages, import_queries, import_service
from app.examples.import_api import rejections_answer
from app.examples.models import Import
from app.examples.uploads import Received, receive
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/imports"
COLUMNS = ("user", "assistant", "label", "behavior", "group")


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "imports/list.html", import_pages.listed(session, access, cursor))


@router.get(BASE + "/new")
def new_page(request: Request, access: Engineer) -> Response:
    return render(request, "imports/new.html", import_pages.new(access))


@router.post(BASE)
async def upload(request: Request, session: SessionDep, access: Engineer) -> Response:
    """Keep the file and show what is in it; nothing comes in before a person has looked."""
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    try:
        received = await receive(request)
        import_id = await run_in_threadpool(_keep, access, received)
    except (Invalid, TooLarge) as error:
        errors = {e.loc: e.msg for e in error.errors} if isinstance(error, Invalid) else {"file": str(error)}
        page = import_pages.new(access, FormState({}, errors, str(error)))
        return await run_in_threadpool(render, request, "imports/new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/imports/{import_id}", 303)


def _keep(access: Access, received: Received) -> str:
    name, wanted = received.file_name, received.text("format", "auto")
    try:
        with transaction() as session:
            source = import_service.keep_upload(
                session, access.user, access.project, received.path, name, wanted, tags=received.tags()
            )
            return source.id
    except BaseException:
        received.discard()
        raise


@router.get(BASE + "/{import_id}")
def one(request: Request, session: SessionDep, access: Viewer, import_id: str) -> Response:
    source = import_queries.get(session, access.project.id, import_id)
    if source.status == "uploaded":
        mapping = mapping_of(dict(request.query_params), request.query_params.getlist("tags"))
        return render(request, "imports/preview.html", import_pages.preview(access, source, mapping))
    return render(request, "imports/one.html", import_pages.one(session, access, source))


@router.get(BASE + "/{import_id}/standing")
def standing(request: Request, session: SessionDep, access: Viewer, import_id: str) -> Response:
    source = import_queries.get(session, access.project.id, import_id)
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/imports/{import_id}", 303)
    return render(request, "imports/_standing.html", import_pages.one(session, access, source))


@router.post(BASE + "/{import_id}/start")
def start(request: Request, session: SessionDep, access: Engineer, import_id: str, form: FormDep) -> Response:
    source = import_queries.get(session, access.project.id, import_id)
    mapping = mapping_of(form_values(form), [str(column) for column in form.getlist("tags")])
    try:
        with session.begin_nested():
            import_service.start(session, access.user, source, mapping)
    except Invalid as error:
        state = FormState(refused(form, error).values, import_pages.at_fields(error), str(error))
        page = import_pages.preview(access, source, mapping, state)
        return render(request, "imports/preview.html", page, status=422)
    return _back(access, source)


@router.post(BASE + "/{import_id}/discarding")
def discard(session: SessionDep, access: Engineer, import_id: str) -> Response:
    import_service.discard(session, import_queries.get(session, access.project.id, import_id))
    return RedirectResponse(f"/p/{access.project.slug}/imports/new", 303)


@router.post(BASE + "/{import_id}/cancelling")
def cancel(session: SessionDep, access: Engineer, import_id: str) -> Response:
    source = import_queries.get(session, access.project.id, import_id)
    return _back(access, import_service.cancel(session, access.user, source))


@router.post(BASE + "/{import_id}/undo")
def undo(session: SessionDep, access: Engineer, import_id: str) -> Response:
    source = import_queries.get(session, access.project.id, import_id)
    import_service.undo(session, access.user, source)
    return _back(access, source)


@router.get(BASE + "/{import_id}/rejections")
def rejections(
    session: SessionDep, access: Viewer, import_id: str, format: Literal["jsonl", "csv"] = "csv"
) -> StreamingResponse:
    return rejections_answer(import_queries.get(session, access.project.id, import_id), format)


def mapping_of(values: dict[str, Any], tags: list[str]) -> dict[str, Any] | None:
    """Form fields into a mapping: chosen columns, and the text of a system message. None where nothing was chosen."""
    mapping = {name: values[name] for name in (*COLUMNS, "system") if values.get(name)}
    return mapping | {"tags": tags} if mapping or tags else None


def _back(access: Access, source: Import) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/imports/{source.id}", 303)
