"""The project's home: where every stage stands and the one next thing to do."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.overview import pages
from app.projects.access import Viewer
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}")
def overview(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "overview/overview.html", pages.overview(session, access))
