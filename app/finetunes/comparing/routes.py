"""The page of fine-tunes side by side. Registered before the page of one, whose address would take it in."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.finetunes.comparing import pages
from app.projects.access import Viewer
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/fine-tunes/compare")
def compare(
    request: Request, session: SessionDep, access: Viewer, run: Annotated[list[str] | None, Query()] = None
) -> Response:
    return render(request, "finetunes/compare.html", pages.compare(session, access, run or []))
