"""Pages of lineage: of a version (also reached from a fine-tune and from a candidate), and an example's uses."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.datasets import versions
from app.finetunes import queries as tunes
from app.finetunes.lineage import pages, queries
from app.projects.access import Access, Viewer
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}"


@router.get(BASE + "/versions/{version_id}/lineage")
def lineage_page(
    request: Request, session: SessionDep, access: Viewer, version_id: str, cursor: str | None = None
) -> Response:
    version = versions.load(session, access.project.id, version_id)
    return render(request, "lineage/lineage.html", pages.lineage(session, access, version, cursor))


@router.get(BASE + "/fine-tunes/{fine_tune_id}/lineage")
def of_fine_tune(session: SessionDep, access: Viewer, fine_tune_id: str) -> Response:
    return _to(access, tunes.fine_tune(session, access.project.id, fine_tune_id).dataset_version_id)


@router.get(BASE + "/candidates/{candidate_id}/lineage")
def of_candidate(session: SessionDep, access: Viewer, candidate_id: str) -> Response:
    return _to(access, queries.fine_tune_of(session, access.project.id, candidate_id).dataset_version_id)


@router.get(BASE + "/examples/{example_id}/uses")
def uses_page(request: Request, session: SessionDep, access: Viewer, example_id: str) -> Response:
    """Asked by htmx, the list alone, for the example's own page."""
    page = pages.uses(session, access, example_id)
    return render(request, "lineage/uses.html", page, block="uses" if is_htmx(request) else None)


def _to(access: Access, version_id: str) -> RedirectResponse:
    return RedirectResponse(f"/p/{access.project.slug}/versions/{version_id}/lineage", 303)
