"""The page on which disagreements of a closed round are settled."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.preferences import queries
from app.preferences.results import settling
from app.preferences.results.settling import NewSettlement, Queue
from app.projects.access import Annotator, Viewer
from app.web.forms import FormDep, form_values, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds/{round_id}/disagreements"


@dataclass(frozen=True)
class SettlePage:
    slug: str
    round_id: str
    name: str
    queue: Queue
    cursor: str
    can_settle: bool
    title: str = "Disagreements"


@router.get(BASE)
def settle_page(request: Request, session: SessionDep, access: Viewer, round_id: str, cursor: str = "") -> Response:
    round_ = queries.round_of(session, access.project.id, round_id)
    found = settling.queue(session, round_, cursor) if round_.closed_at else Queue([], 0, 0, None)
    may = access.can("engineer") or queries.is_reviewer(session, round_.id, access.user.id)
    page = SettlePage(access.project.slug, round_.id, round_.name, found, cursor, may and bool(round_.closed_at))
    return render(request, "preferences/disagreements.html", page)


@router.post(BASE)
def settle(session: SessionDep, access: Annotator, round_id: str, form: FormDep, cursor: str = "") -> Response:
    round_ = queries.round_of(session, access.project.id, round_id)
    settling.settle(session, access, round_, parse(NewSettlement, form_values(form)))
    here = f"?{urlencode({'cursor': cursor})}" if cursor else ""
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_.id}/disagreements{here}", 303)
