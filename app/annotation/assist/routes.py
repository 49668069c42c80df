"""Pages of model batches, one set of routes for each kind."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.annotation.assist import pages, queries, service
from app.annotation.assist.forms import NewBatch, Resume, UnknownDecision
from app.annotation.assist.kinds import Kind
from app.core.errors import Conflict, Invalid
from app.examples.forms import SelectionFilter
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

LISTS = frozenset({"wishes", "wants"})
FILTERS = tuple(name for name in SelectionFilter.model_fields if name != "ids")
Rates = Callable[[Session, str], Sequence[pages.Rate]]


def router_of(kind: Kind, rates: Rates | None = None) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    base = "/p/{slug}/" + kind.name
    named = f"{kind.name}_id"
    batch_id_type: Any = Annotated[str, Path(alias=named)]

    @router.get(base)
    def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
        found = rates(session, access.project.id) if rates else []
        return render(request, "assist/list.html", pages.listing(session, access, kind, cursor, found))

    @router.post(base + "/chosen")
    def chosen(access: Engineer, form: FormDep) -> Response:
        """From the list: the ticked examples, or all that its filter matches, as an address."""
        query = str(form.get("filter", ""))
        ids = [str(one) for one in form.getlist("ids")]
        if form.get("scope") != "all":
            if not ids:
                raise Invalid("Choose examples first, or all that match.")
            query = urlencode([("ids", one) for one in ids])
        read_filter(query)
        return RedirectResponse(f"/p/{access.project.slug}/{kind.name}/new?{query}", 303)

    @router.get(base + "/new")
    def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
        query = request.url.query
        return render(request, "assist/new.html", pages.new(session, access, kind, read_filter(query), query))

    @router.post(base)
    def start(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
        """First what it would cost; only then is anything started."""
        query = str(form.get("filter", ""))
        wanted = read_filter(query)
        ticked = {name: [str(one) for one in form.getlist(name)] for name in LISTS}
        try:
            new = _new(kind, form, wanted)
            if form.get("do") == "start":
                batch = service.start(session, access, kind, new)
                return RedirectResponse(f"/p/{access.project.slug}/{kind.name}/{batch.id}", 303)
            planned = service.plan(session, access, kind, new)
        except (Invalid, Conflict) as error:
            shown = error if isinstance(error, Invalid) else Invalid(str(error))
            state = refused(form, shown)
            page = pages.new(session, access, kind, wanted, query, form=state, chosen=ticked)
            return render(request, "assist/new.html", page, status=422)
        state = FormState(refused(form, Invalid("")).values)
        page = pages.new(
            session,
            access,
            kind,
            wanted,
            query,
            form=state,
            chosen=ticked,
            estimate=planned.estimate,
            left_out=planned.left_out,
        )
        return render(request, "assist/new.html", page)

    @router.get(base + "/{" + named + "}")
    def one_page(request: Request, session: SessionDep, access: Viewer, batch_id: batch_id_type) -> Response:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        return render(request, "assist/one.html", pages.one(session, access, batch))

    @router.get(base + "/{" + named + "}/standing")
    def standing(request: Request, session: SessionDep, access: Viewer, batch_id: batch_id_type) -> Response:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        return render(request, "assist/_standing.html", pages.one(session, access, batch))

    @router.post(base + "/{" + named + "}/cancelling")
    def cancel(session: SessionDep, access: Engineer, batch_id: batch_id_type) -> Response:
        batch = service.cancel(session, access, queries.get(session, access.project.id, batch_id, kind.name))
        return _back(access, kind, batch.id)

    @router.post(base + "/{" + named + "}/resuming")
    def resume(session: SessionDep, access: Engineer, batch_id: batch_id_type, form: FormDep) -> Response:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        service.resume(session, access, batch, parse(Resume, form_values(form)).budget)
        return _back(access, kind, batch.id)

    @router.post(base + "/{" + named + "}/unknown-calls")
    def decide_unknown(session: SessionDep, access: Engineer, batch_id: batch_id_type, form: FormDep) -> Response:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        service.decide_unknown(session, access, batch, parse(UnknownDecision, form_values(form)).action)
        return _back(access, kind, batch.id)

    return router


def read_filter(query: str) -> SelectionFilter:
    """The filter of the list of examples, or single ids, as they stand in an address. Raises Invalid."""
    given = parse_qs(query, max_num_fields=2_000)
    values: dict[str, Any] = {name: given[name][-1] for name in FILTERS if given.get(name)}
    if given.get("ids"):
        values["ids"] = given["ids"]
    return parse(SelectionFilter, values)


def _new(kind: Kind, form: FormData, wanted: SelectionFilter) -> NewBatch:
    values = form_values(form, LISTS & set(kind.form.model_fields))
    for name in ("filter", "do"):
        values.pop(name, None)
    prices = {name: values.pop(f"price_{name}", None) for name in ("input", "output")}
    if any(prices.values()):
        values["price"] = {name: text or "0" for name, text in prices.items()}
    return parse(kind.form, values | {"filter": wanted})


def _back(access: Access, kind: Kind, batch_id: str) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/{kind.name}/{batch_id}", 303)
