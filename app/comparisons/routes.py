"""The compare page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.comparisons import pages
from app.comparisons.forms import PageFilter
from app.core.errors import Invalid
from app.projects.access import Viewer
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/compare")
def compare(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[PageFilter, Query()]) -> Response:
    try:
        page = pages.build(session, access, wanted)
    except Invalid as error:
        return render(request, "comparisons/empty.html", pages.refused(session, access, wanted, error), status=422)
    template = "compare" if isinstance(page, pages.ComparePage) else "empty"
    return render(request, f"comparisons/{template}.html", page)
