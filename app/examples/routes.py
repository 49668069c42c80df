"""Pages of examples: the list, one example, its edit form, bulk actions. Imports stand in ``import_routes``."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Forbidden, Invalid
from app.examples import (
    bulk,
    compare_pages,
    edit_forms,
    edit_pages,
    import_routes,
    list_pages,
    pages,
    queries,
    saved_routes,
    service,
)
from app.examples.forms import BulkAction, ExampleFilter, ExampleListPage, SelectionFilter
from app.projects.access import Access, Annotator, Viewer
from app.projects.one_thread import page_at_once
from app.web.forms import FormDep, parse
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/examples"
RevisionNumber = Annotated[int | None, Query(ge=1, le=1_000_000)]
LIST_FIELDS = (*list_pages.FILTERS, "cursor", "newer", "changed", "rows", "exact")


def list_page(request: Request, session: Session, access: Access) -> Response:
    given = {name: value for name, value in request.query_params.items() if name in LIST_FIELDS and value.strip()}
    page = list_pages.listing(session, access, parse(ExampleListPage, given))
    return render(request, "examples/list.html", page, block="results" if is_htmx(request) else None)


@router.post(BASE + "/bulk")
def bulk_action(request: Request, session: SessionDep, access: Annotator, form: FormDep) -> Response:
    """To the chosen examples, or to all that the list's filter matches."""
    wanted = _filter(str(form.get("filter", "")))
    try:
        change = bulk.apply(
            session, access.user, access.project.id, _bulk(access, form, wanted), decides_alone=access.decides_alone
        )
    except (Invalid, Conflict) as error:
        page = list_pages.listing(session, access, ExampleListPage(**wanted.model_dump()), problem=str(error))
        return render(request, "examples/list.html", page, status=409 if isinstance(error, Conflict) else 422)
    return RedirectResponse(f"/p/{access.project.slug}/examples?{list_pages.query_of(wanted)}&changed={change.id}", 303)


def _bulk(access: Access, form: FormData, wanted: ExampleFilter) -> BulkAction:
    action = str(form.get("action", ""))
    if action == "delete" and not access.can("engineer"):
        raise Forbidden("Deleting examples needs the role engineer in the project.")
    tag = str(form.get("tag", "")).strip() if action in ("tag", "untag") else None
    if tag == "":
        raise Invalid("Name the tag.")
    ids = [str(one) for one in form.getlist("ids")]
    everything = form.get("scope") == "all"
    if not ids and not everything:
        raise Invalid("Choose examples first, or all that match.")
    chosen = SelectionFilter(**wanted.model_dump()) if everything else parse(SelectionFilter, {"ids": ids})
    count = form.get("expected_count") if everything else len(chosen.ids or ())
    return parse(BulkAction, {"filter": chosen, "action": action, "tag": tag, "expected_count": count})


@router.post(BASE + "/bulk/{change_id}/undo")
def undo_bulk_action(request: Request, session: SessionDep, access: Annotator, change_id: str) -> Response:
    bulk.undo(session, access.user, access.project.id, change_id)
    query = list_pages.query_of(_filter(request.url.query))
    return RedirectResponse(f"/p/{access.project.slug}/examples?{query}&changed={change_id}", 303)


def _filter(query: str) -> ExampleFilter:
    given = {name: value for name, value in parse_qsl(query) if name in list_pages.FILTERS and value.strip()}
    return parse(ExampleFilter, given)


@router.get(BASE + "/{example_id}")
def one_page(
    request: Request, session: SessionDep, access: Viewer, example_id: str, revision: RevisionNumber = None
) -> Response:
    return render(request, "examples/example.html", pages.one(session, access, example_id, revision))


@router.get(BASE + "/{example_id}/conversation")
def conversation(request: Request, session: SessionDep, access: Viewer, example_id: str) -> Response:
    """The example under its row of the list; as a page of its own it is the example's page."""
    page = pages.one(session, access, example_id)
    if not is_htmx(request):
        return RedirectResponse(page.base, 303)
    return render(request, "examples/conversation.html", page, block="more")


@router.get(BASE + "/{example_id}/compare")
def compare(
    request: Request,
    session: SessionDep,
    access: Viewer,
    example_id: str,
    before: RevisionNumber = None,
    after: RevisionNumber = None,
) -> Response:
    """Two revisions word by word; without numbers the current one and the one before it."""
    page = compare_pages.compare(session, access, example_id, before, after)
    return render(request, "examples/compare.html", page)


@router.post(BASE + "/{example_id}/status")
def set_status(session: SessionDep, access: Annotator, example_id: str, form: FormDep) -> Response:
    example = queries.get(session, access.project.id, example_id)
    status = str(form.get("status", ""))
    if example.status == "to_review" and status != "draft" and not access.decides_alone:
        raise Conflict(bulk.SEVERAL)
    service.set_status(session, access.user, example, status)
    return RedirectResponse(f"/p/{access.project.slug}/examples/{example.id}", 303)


@router.get(BASE + "/{example_id}/edit")
def edit_page(request: Request, session: SessionDep, access: Annotator, example_id: str) -> Response:
    example = queries.get(session, access.project.id, example_id)
    return render(request, "examples/edit.html", edit_pages.edit(session, access, example))


@router.post(BASE + "/{example_id}/revisions")
def revise(request: Request, session: SessionDep, access: Annotator, example_id: str, form: FormDep) -> Response:
    """Save an edit. Refused, everything typed is still there; stale, the newer revision stands beside it."""
    example = queries.get(session, access.project.id, example_id)
    try:
        _save(session, access, example_id, form)
    except Invalid as error:
        page = edit_pages.refused_edit(session, access, example, form, error)
        return render(request, "examples/edit.html", page, status=422)
    except Conflict as error:
        page = edit_pages.refused_edit(session, access, example, form, Invalid(str(error)), stale=True)
        return render(request, "examples/edit.html", page, status=409)
    return RedirectResponse(f"/p/{access.project.slug}/examples/{example.id}", 303)


def _save(session: Session, access: Access, example_id: str, form: FormData) -> None:
    example = queries.get(session, access.project.id, example_id)
    number = str(form.get("revision", ""))
    base = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    typed = edit_forms.read(form, queries.revision(session, example.id, base))
    try:
        service.revise(
            session,
            access.user,
            example,
            typed.revision,
            messages=typed.messages,
            tags=typed.tags,
            behavior=typed.behavior,
            expected=typed.expected,
            reason=typed.reason,
        )
    except Invalid as error:
        raise typed.at_fields(error) from error


@router.post(BASE + "/{example_id}/restoration")
def restore(session: SessionDep, access: Annotator, example_id: str, form: FormDep) -> Response:
    """Make an earlier revision the current content, as a new revision."""
    example = queries.get(session, access.project.id, example_id)
    numbers = [str(form.get(name, "")) for name in ("number", "revision")]
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        raise Invalid.field("number", "Say which revision.")
    service.restore(session, access.user, example, int(numbers[0]), int(numbers[1]))
    return RedirectResponse(f"/p/{access.project.slug}/examples/{example.id}", 303)


router.include_router(import_routes.router)
router.include_router(saved_routes.router)


#: Asked for at every key of a search; ``main`` puts it in front of all other routes.
ROUTES_AT_ONCE = (page_at_once(BASE, "viewer", list_page),)
