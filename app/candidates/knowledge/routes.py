"""Pages of knowledge: collections, uploads to them, their documents, and a search to try."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from app.candidates.knowledge import pages, queries, service
from app.candidates.knowledge.forms import NewCollection, written_date
from app.candidates.knowledge.receiving import MOST_FILES, take
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, TooLarge
from app.examples.uploads import receive
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/knowledge"
ONE = BASE + "/{collection_id}"
UPLOAD = ONE + "/uploads/{upload_id}"
DOCUMENT = ONE + "/documents/{document_id}"


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "knowledge/list.html", pages.listed(session, access))


@router.post(BASE)
def create(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        collection = service.create(session, access, parse(NewCollection, form_values(form)))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid.field("name", str(error))
        page = pages.listed(session, access, refused(form, shown))
        return render(request, "knowledge/list.html", page, status=422)
    return _to(access, collection.id)


@router.get(ONE)
def one(
    request: Request,
    session: SessionDep,
    access: Viewer,
    collection_id: str,
    q: str = "",
    as_of: str = "",
    ranking: str = "",
) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    try:
        tried, status = pages.tried(session, collection, q, written_date(as_of), ranking), 200
    except ValueError as error:
        tried, status = pages.Tried(q, as_of, [], FormState({}, {"as_of": str(error)}, str(error))), 422
    return render(request, "knowledge/one.html", pages.one(session, access, collection, tried), status=status)


@router.get(ONE + "/uploads")
def uploads(request: Request, session: SessionDep, access: Viewer, collection_id: str) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    if not is_htmx(request):
        return _to(access, collection.id)
    return render(request, "knowledge/_uploads.html", pages.uploads(session, access, collection))


@router.post(ONE + "/uploads")
async def upload(request: Request, session: SessionDep, access: Engineer, collection_id: str) -> Response:
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    try:
        received = await receive(request, MOST_FILES)
        await run_in_threadpool(take, access, collection_id, received)
    except (Invalid, TooLarge, Conflict) as error:
        return await run_in_threadpool(_refused, request, access, collection_id, error)
    return _to(access, collection_id, "#uploads")


def _refused(request: Request, access: Access, collection_id: str, error: Exception) -> Response:
    errors = {e.loc: e.msg for e in error.errors} if isinstance(error, Invalid) else {"file": str(error)}
    with transaction() as session:
        collection = queries.get(session, access.project.id, collection_id)
        tried = pages.tried(session, collection, "", None)
        page = pages.one(session, access, collection, tried, FormState({}, errors, str(error)))
        return render(request, "knowledge/one.html", page, status=422)


@router.post(UPLOAD + "/cancelling")
def cancel(session: SessionDep, access: Engineer, collection_id: str, upload_id: str) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    service.cancel(session, access, collection, queries.upload(session, collection.id, upload_id))
    return _to(access, collection.id, "#uploads")


@router.post(UPLOAD + "/taking-back")
def take_back(session: SessionDep, access: Engineer, collection_id: str, upload_id: str) -> Response:
    return _turn(session, access, collection_id, upload_id, undo=True)


@router.post(UPLOAD + "/putting-back")
def put_back(session: SessionDep, access: Engineer, collection_id: str, upload_id: str) -> Response:
    return _turn(session, access, collection_id, upload_id, undo=False)


def _turn(session: SessionDep, access: Access, collection_id: str, upload_id: str, *, undo: bool) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.upload(session, collection.id, upload_id)
    service.take_back(session, access, collection, found, undo=undo)
    return _to(access, collection.id, "#uploads")


@router.get(DOCUMENT)
def document(
    request: Request,
    session: SessionDep,
    access: Viewer,
    collection_id: str,
    document_id: str,
    version: str | None = None,
) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.document(session, collection.id, document_id)
    return render(request, "knowledge/document.html", pages.document(session, access, collection, found, version))


@router.post(DOCUMENT + "/taking-out")
def take_out(session: SessionDep, access: Engineer, collection_id: str, document_id: str) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.document(session, collection.id, document_id)
    service.offer(session, access, collection, found, offered=False)
    return _to(access, collection.id)


@router.post(DOCUMENT + "/putting-back")
def put_document_back(session: SessionDep, access: Engineer, collection_id: str, document_id: str) -> Response:
    collection = queries.get(session, access.project.id, collection_id)
    found = queries.document(session, collection.id, document_id)
    service.offer(session, access, collection, found, offered=True)
    return _to(access, collection.id)


@router.post(ONE + "/archiving")
def archive(session: SessionDep, access: Engineer, collection_id: str) -> Response:
    service.archive(session, access, queries.get(session, access.project.id, collection_id), archived=True)
    return _to(access, collection_id)


@router.post(ONE + "/unarchiving")
def unarchive(session: SessionDep, access: Engineer, collection_id: str) -> Response:
    service.archive(session, access, queries.get(session, access.project.id, collection_id), archived=False)
    return _to(access, collection_id)


@router.post(ONE + "/deleting")
def delete(session: SessionDep, access: Engineer, collection_id: str) -> Response:
    service.delete(session, access, queries.get(session, access.project.id, collection_id))
    return RedirectResponse(f"/p/{access.project.slug}/knowledge", 303)


def _to(access: Access, collection_id: str, anchor: str = "") -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/knowledge/{collection_id}{anchor}", 303)
