"""What is like one example: a page, and a part of the example's own page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.checks.similar import pages
from app.projects.access import Viewer
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/examples/{example_id}/similar")
def similar(request: Request, session: SessionDep, access: Viewer, example_id: str) -> Response:
    page = pages.similar(session, access, example_id)
    return render(request, "similar/similar.html", page, block="alike" if is_htmx(request) else None)
