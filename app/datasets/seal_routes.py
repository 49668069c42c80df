"""Pages of sealing a test set."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.datasets import seal_pages, service
from app.datasets.near import service as near
from app.projects.access import Access, Engineer
from app.web.forms import FormDep
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
SET = "/p/{slug}/test-sets/{set_id}"


def _to(access: Access, set_id: str, page: str = "") -> RedirectResponse:
    return RedirectResponse(f"/p/{access.project.slug}/test-sets/{set_id}{page}", 303)


@router.get(SET + "/seal")
def seal_page(request: Request, session: SessionDep, access: Engineer, set_id: str) -> Response:
    test_set = service.load(session, access.project.id, set_id)
    if test_set.sealed_at is not None:
        return _to(access, set_id)
    return render(request, "datasets/seal.html", seal_pages.seal_preview(session, access, test_set))


@router.post(SET + "/seal")
def seal(session: SessionDep, access: Engineer, set_id: str) -> Response:
    service.seal(session, access.user, access.project.id, set_id)
    return _to(access, set_id)


@router.post(SET + "/quarantine-removal")
def remove_quarantined(session: SessionDep, access: Engineer, set_id: str) -> Response:
    """Take out every case that something was trained on, and look at the seal again."""
    test_set = service.load_draft(session, access.project.id, set_id)
    stuck = list(service.seal_plan(session, test_set).quarantined)
    if stuck:
        service.remove_cases(session, access.user, test_set, stuck)
    return _to(access, set_id, "/seal")


@router.post(SET + "/near-separation")
def separate(session: SessionDep, access: Engineer, set_id: str, form: FormDep) -> Response:
    """Say that a case and an example are no duplicates, so that the example stays; look at the seal again."""
    service.load_draft(session, access.project.id, set_id)
    unit, other = str(form.get("unit", "")), str(form.get("other", ""))
    near.separate(session, access.user, access.project.id, unit, other)
    return _to(access, set_id, "/seal")
