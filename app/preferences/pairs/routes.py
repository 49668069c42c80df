"""The page that turns the votes of a closed round into preference pairs."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.datasets.export import attachment
from app.preferences import queries
from app.preferences.pairs import pages, service
from app.preferences.pairs.forms import PairFilter, PairsExport
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds/{closed_round_id}/pairs"
LISTS = frozenset({"reviewers"})


@router.get(BASE)
def pairs_page(request: Request, session: SessionDep, access: Viewer, closed_round_id: str) -> Response:
    round_ = queries.round_of(session, access.project.id, closed_round_id)
    values = asked(request)
    try:
        page = pages.pairs(session, access, round_, parse(PairFilter, values))
    except Invalid as error:
        state = FormState(values, {e.loc.split(".")[0]: e.msg for e in error.errors}, str(error))
        page = pages.pairs(session, access, round_, PairFilter(), state)
        return render(request, "preferences/pairs.html", page, status=422)
    return render(request, "preferences/pairs.html", page)


@router.get(BASE + "/export")
def export(request: Request, session: SessionDep, access: Viewer, closed_round_id: str) -> Response:
    round_ = queries.round_of(session, access.project.id, closed_round_id)
    wanted = parse(PairsExport, asked(request))
    found = service.of_round(session, round_, wanted)
    name = f"{access.project.slug}-votes-{wanted.format.replace('_', '-')}.jsonl"
    body = b"".join(service.lines(round_, found, wanted.format))
    return Response(body, media_type="application/jsonl", headers=attachment(name))


@router.post(BASE + "/examples")
def make_examples(session: SessionDep, access: Engineer, closed_round_id: str, form: FormDep) -> Response:
    round_ = queries.round_of(session, access.project.id, closed_round_id)
    source = service.make_examples(session, access, round_, parse(PairFilter, form_values(form, LISTS)))
    return RedirectResponse(f"/p/{access.project.slug}/imports/{source.id}", 303)


def asked(request: Request) -> dict[str, Any]:
    """The filter out of the address; what is empty is absent."""
    values: dict[str, Any] = {name: value for name, value in request.query_params.items() if value.strip()}
    if "reviewers" in values:
        values["reviewers"] = [name for name in request.query_params.getlist("reviewers") if name.strip()]
    return values
