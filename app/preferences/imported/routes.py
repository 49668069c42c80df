"""Pages of votes from elsewhere: a new round out of a file, what came into a round, another file."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from app.core.db import transaction
from app.core.errors import Invalid, NotFound, TooLarge
from app.examples.uploads import Received, receive
from app.preferences import queries
from app.preferences.imported import pages, service
from app.preferences.imported.forms import NewImportRound
from app.preferences.models import PreferenceRound
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormState, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds"


@router.get(BASE + "/import")
def new_page(request: Request, access: Engineer) -> Response:
    return render(request, "preferences/imported/new.html", pages.new(access))


@router.post(BASE + "/import")
async def open_round(request: Request, session: SessionDep, access: Engineer) -> Response:
    """A round with the votes of the file, or (where none of them is good) no round at all."""
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    values: dict[str, str] = {}
    try:
        received = await receive(request)
        values = {name: received.text(name) for name in ("name", "criteria") if received.text(name)}
        round_id = await run_in_threadpool(_open, access, received, values)
    except (Invalid, TooLarge) as error:
        page = pages.new(access, _refused(error, values))
        return await run_in_threadpool(render, request, "preferences/imported/new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/imported", 303)


def _open(access: Access, received: Received, values: dict[str, str]) -> str:
    try:
        with transaction() as session:
            round_ = service.open_round(session, access, parse(NewImportRound, {"source": "import"} | values))
            service.import_votes(session, access, round_, received.path, received.file_name)
            return round_.id
    finally:
        received.discard()


@router.get(BASE + "/{imported_round_id}/imported")
def imported_page(request: Request, session: SessionDep, access: Viewer, imported_round_id: str) -> Response:
    round_ = _import_round(session, access, imported_round_id)
    return render(request, "preferences/imported/one.html", pages.one(session, access, round_))


@router.post(BASE + "/{imported_round_id}/imported")
async def add_file(request: Request, session: SessionDep, access: Engineer, imported_round_id: str) -> Response:
    await run_in_threadpool(session.commit)
    try:
        received = await receive(request)
        await run_in_threadpool(_add, access, imported_round_id, received)
    except (Invalid, TooLarge) as error:
        return await run_in_threadpool(_show_refusal, request, access, imported_round_id, error)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{imported_round_id}/imported", 303)


def _add(access: Access, round_id: str, received: Received) -> None:
    try:
        with transaction() as session:
            round_ = _import_round(session, access, round_id)
            service.import_votes(session, access, round_, received.path, received.file_name)
    finally:
        received.discard()


def _show_refusal(request: Request, access: Access, round_id: str, error: Invalid | TooLarge) -> Response:
    with transaction() as session:
        page = pages.one(session, access, _import_round(session, access, round_id), _refused(error, {}))
        return render(request, "preferences/imported/one.html", page, status=422)


def _import_round(session: SessionDep, access: Access, round_id: str) -> PreferenceRound:
    round_ = queries.round_of(session, access.project.id, round_id)
    if round_.source != "import":
        raise NotFound("This page")
    return round_


def _refused(error: Invalid | TooLarge, values: dict[str, str]) -> FormState:
    errors = {e.loc: e.msg for e in error.errors} if isinstance(error, Invalid) else {}
    return FormState(values, errors or {"file": str(error)}, str(error))
