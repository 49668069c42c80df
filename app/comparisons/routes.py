"""The compare page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.comparisons import case_history, exporting, matrix, pages, service
from app.comparisons.forms import ExportFilter, PageFilter
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


@router.get("/p/{slug}/compare/candidates")
def all_candidates(
    request: Request, session: SessionDep, access: Viewer, test_set: str | None = None, metric: str | None = None
) -> Response:
    return render(request, "comparisons/matrix.html", matrix.build(session, access, test_set, metric))


@router.get("/p/{slug}/compare/cases/{case_id}")
def history(request: Request, session: SessionDep, access: Viewer, case_id: str) -> Response:
    return render(request, "comparisons/history.html", case_history.build(session, access, case_id))


@router.get("/p/{slug}/compare/export")
def export(session: SessionDep, access: Viewer, wanted: Annotated[ExportFilter, Query()]) -> Response:
    """The measures and slices as a file: what the API answers, or one line a row."""
    found = service.compare(session, access, wanted)
    name = f'attachment; filename="comparison-{access.project.slug}.{wanted.format}"'
    body = exporting.as_json(session, found) if wanted.format == "json" else exporting.as_csv(found)
    kind = "application/json" if wanted.format == "json" else "text/csv; charset=utf-8"
    return Response(body, media_type=kind, headers={"Content-Disposition": name})
