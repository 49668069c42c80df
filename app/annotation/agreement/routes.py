"""The agreement page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.annotation.agreement import pages
from app.projects.access import Viewer
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/agreement")
def agreement(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "annotation/agreement.html", pages.agreement(session, access))
