"""The timeline of one example: a page, and a part of the example's own page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.annotation.history import pages
from app.projects.access import Viewer
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/examples/{example_id}/history")
def history(request: Request, session: SessionDep, access: Viewer, example_id: str) -> Response:
    page = pages.history(session, access, example_id)
    return render(request, "history/history.html", page, block="timeline" if is_htmx(request) else None)
