"""Pages of candidates."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.candidates import pages, queries, service
from app.candidates.forms import NewCandidate
from app.core.errors import Conflict, FieldError, Invalid
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/candidates"
# fields of the draw, as the form calls them beside the fields of the candidate
SHOTS = {"k": "shots", "tag": "shots_tag", "behavior": "shots_behavior", "seed": "shots_seed"}
MOST_TYPED = 20_000


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "candidates/list.html", pages.candidates(session, access))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer, clone: str | None = None) -> Response:
    source = queries.get(session, access.project.id, clone) if clone else None
    return render(request, "candidates/new.html", pages.new(session, access, source))


@router.post(BASE)
def create(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    source_id = str(form.get("cloned_from") or "") or None
    try:
        new, keep = parse(NewCandidate, _values(form)), form.get("few_shot") == "keep"
        candidate = service.create(session, access, new, cloned_from=source_id, keep_few_shot=keep)
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid.field("name", str(error))
        source = queries.get(session, access.project.id, source_id) if source_id else None
        page = pages.new(session, access, source, refused(form, _as_typed(shown)))
        return render(request, "candidates/new.html", page, status=422)
    if queries.baseline(session, access.project.id) is None:
        service.set_baseline(session, access, candidate.id)
    return RedirectResponse(f"/p/{access.project.slug}/candidates/{candidate.id}", 303)


@router.get(BASE + "/{candidate_id}")
def one(request: Request, session: SessionDep, access: Viewer, candidate_id: str, q: str = "") -> Response:
    """``q``: a request to see what would be sent for it."""
    candidate = queries.get(session, access.project.id, candidate_id)
    return render(request, "candidates/one.html", pages.one(session, access, candidate, q[:MOST_TYPED]))


@router.post(BASE + "/{candidate_id}/baseline")
def set_baseline(session: SessionDep, access: Engineer, candidate_id: str) -> Response:
    service.set_baseline(session, access, candidate_id)
    return RedirectResponse(f"/p/{access.project.slug}/candidates", 303)


@router.post(BASE + "/{candidate_id}/archiving")
def archive(session: SessionDep, access: Engineer, candidate_id: str) -> Response:
    service.archive(session, access, queries.get(session, access.project.id, candidate_id))
    return RedirectResponse(f"/p/{access.project.slug}/candidates", 303)


def _values(form: FormData) -> dict[str, Any]:
    """Form fields into the shape of the API: parameters and price are objects there."""
    values = form_values(form)
    values.pop("cloned_from", None)
    keep = values.pop("keep_system", None) == "true"
    values["system_prompt"] = None if keep else values.get("system_prompt", "")
    shots = {name: values.pop(field, None) for name, field in SHOTS.items()}
    if values.pop("few_shot", None) == "draw":
        values["few_shot"] = {name: text for name, text in shots.items() if text}
    parameters = {name: values.pop(name) for name in pages.SHOWN_PARAMETERS if name in values}
    values["parameters"] = {name: _number(name, text) for name, text in parameters.items()}
    if values.get("collection_id"):
        values["retrieval"] = {name: values[name] for name in pages.RETRIEVAL if values.get(name)}
    for name in pages.RETRIEVAL:
        values.pop(name, None)
    prices = {name: values.pop(f"price_{name}", None) for name in ("input", "output")}
    if any(prices.values()):
        values["price"] = {name: _number(f"price_{name}", text or "0") for name, text in prices.items()}
    return values


def _as_typed(error: Invalid) -> Invalid:
    """Errors of the draw and of the retrieval stand beside the fields of the form."""
    names = {f"few_shot.{name}": field for name, field in SHOTS.items()} | {"few_shot": "shots"}
    names |= {f"retrieval.{name}": name for name in pages.RETRIEVAL}
    return Invalid(str(error), [FieldError(names.get(one.loc, one.loc), one.msg) for one in error.errors])


def _number(name: str, text: str) -> float | int:
    try:
        value = float(text)
    except ValueError as error:
        raise Invalid.field(name, "Write a number.") from error
    return int(value) if value.is_integer() else value
