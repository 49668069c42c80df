"""Pages of saved graders: list, new, one with a place to try it."""

import json
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.evals import grader_pages, queries, service
from app.evals.forms import NewGrader
from app.examples import import_queries
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/graders"
ONLY_TRIED = ("run_id", "turn")  # fields of the form that belong to trying


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "evals/graders.html", grader_pages.grader_list(session, access))


@router.get(BASE + "/new")
def new_page(
    request: Request,
    session: SessionDep,
    access: Engineer,
    type: str = "",
    like: str = "",
    import_id: str = "",
    index: int = 0,
) -> Response:
    """An empty form; or with a saved grader, or with one that stood in an imported file (``import_id``, ``index``)."""
    if import_id:
        source = import_queries.get(session, access.project.id, import_id)
        return render(request, "evals/grader_new.html", grader_pages.brought(session, access, source.graders, index))
    like_this = queries.grader(session, access.project.id, like) if like else None
    return render(request, "evals/grader_new.html", grader_pages.new(session, access, type, like_this))


@router.post(BASE)
def save(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        wanted = {name: value for name, value in values_of(form).items() if name not in ONLY_TRIED}
        row = service.save_grader(session, access, parse(NewGrader, wanted))
    except Invalid as error:
        page = grader_pages.new(session, access, "", None, refused(form, error))
        return render(request, "evals/grader_new.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/graders/{row.id}", 303)


@router.get(BASE + "/{grader_id}")
def one(request: Request, session: SessionDep, access: Viewer, grader_id: str) -> Response:
    grader = queries.grader(session, access.project.id, grader_id)
    return render(request, "evals/grader.html", grader_pages.one(session, access, grader))


@router.post(BASE + "/{grader_id}/try")
def try_it(request: Request, session: SessionDep, access: Engineer, grader_id: str, form: FormDep) -> Response:
    grader = queries.grader(session, access.project.id, grader_id)
    block = "trial" if is_htmx(request) else None
    item, output = str(form.get("item", "")), str(form.get("output", ""))
    try:
        page = grader_pages.graded(session, access, grader, item, output)
    except Invalid as error:
        page = replace(grader_pages.one(session, access, grader), item=item, output=output, form=refused(form, error))
        return render(request, "evals/grader.html", page, block=block, status=422)
    return render(request, "evals/grader.html", page, block=block)


def values_of(form: FormData) -> dict[str, Any]:
    values = form_values(form)
    try:
        values["definition"] = json.loads(str(values.get("definition", "{}")))
    except (ValueError, RecursionError) as error:
        raise Invalid.field("definition", f"This is not JSON: {error}") from error
    return values
