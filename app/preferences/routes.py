"""Pages of preference rounds: list, one round with its results. See ``opening`` and ``voting`` for the others."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.preferences import pages, queries, service
from app.preferences.forms import RoundFilter
from app.projects.access import Engineer, Viewer
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds"


@router.get(BASE)
def list_page(
    request: Request, session: SessionDep, access: Viewer, wanted: Annotated[RoundFilter, Query()]
) -> Response:
    return render(request, "preferences/list.html", pages.round_list(session, access, wanted))


@router.get(BASE + "/{round_id}")
def round_page(
    request: Request, session: SessionDep, access: Viewer, round_id: str, q: str = "", by: str = ""
) -> Response:
    round_ = queries.round_of(session, access.project.id, round_id)
    if round_.source == "import" and round_.closed_at is None:
        return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/imported", 303)
    return render(request, "preferences/round.html", pages.one(session, access, round_, q[:200], by[:40]))


@router.post(BASE + "/{round_id}/closing")
def close(session: SessionDep, access: Engineer, round_id: str) -> Response:
    service.close_round(session, access, queries.round_of(session, access.project.id, round_id))
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}", 303)
