"""The doctor's page, and its line on the fine-tune's page."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.evals import blind
from app.finetunes import queries as tunes
from app.finetunes.doctor import pages, service
from app.projects.access import Engineer, Viewer
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
ONE = "/p/{slug}/fine-tunes/{fine_tune_id}/doctor"


@router.get(ONE)
def doctor_page(request: Request, session: SessionDep, access: Viewer, fine_tune_id: str) -> Response:
    """It shows outputs: to a voter of an open round it does not exist, and whoever reads it cannot vote on them."""
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    page = pages.doctor(session, access, row)
    for run_id in page.runs:
        blind.refuse_if_blind(session, access.user.id, run_id)
        blind.saw_outputs(session, access.user.id, run_id)
    return render(request, "doctor/doctor.html", page, block="content" if is_htmx(request) else None)


@router.get(ONE + "/standing")
def standing(request: Request, session: SessionDep, access: Viewer, fine_tune_id: str) -> Response:
    """The line on the fine-tune's page; it shows no output."""
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/fine-tunes/{row.id}/doctor", 303)
    return render(request, "doctor/_line.html", pages.line(session, access, row))


@router.post(ONE)
def examine(session: SessionDep, access: Engineer, fine_tune_id: str) -> Response:
    service.begin(session, access, tunes.fine_tune(session, access.project.id, fine_tune_id))
    return RedirectResponse(f"/p/{access.project.slug}/fine-tunes/{fine_tune_id}/doctor", 303)
