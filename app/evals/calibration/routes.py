"""Pages of calibration: the judges and their agreement with people, and where people mark."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Invalid
from app.evals.calibration import drawing, marking, pages
from app.evals.calibration.forms import NewMark, NewSample
from app.projects.access import Access, Annotator, Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/calibration"


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "calibration/list.html", pages.listed(session, access))


@router.post(BASE)
def draw(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        sample = drawing.draw(session, access, parse(NewSample, form_values(form)))
    except (Invalid, Conflict) as error:
        there = drawing.existing(session, access, str(form.get("run_id", "")), str(form.get("grader", "")))
        if there is None:
            raise
        shown = error if isinstance(error, Invalid) else Invalid.field("size", str(error))
        page = pages.one(session, access, there, refused(form, shown))
        return render(request, "calibration/sample.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/calibration/{sample.id}", 303)


@router.get(BASE + "/{sample_id}")
def one(request: Request, session: SessionDep, access: Viewer, sample_id: str) -> Response:
    sample = marking.sample_of(session, access, sample_id)
    return render(request, "calibration/sample.html", pages.one(session, access, sample))


@router.get(BASE + "/{sample_id}/mark")
def mark_page(request: Request, session: SessionDep, access: Annotator, sample_id: str) -> Response:
    sample = marking.sample_of(session, access, sample_id)
    return render(request, "calibration/mark.html", pages.mark_page(session, access, sample))


@router.post(BASE + "/{sample_id}/marks")
def mark(request: Request, session: SessionDep, access: Annotator, sample_id: str, form: FormDep) -> Response:
    """Take the mark and answer with the next output: one request a decision."""
    sample = marking.sample_of(session, access, sample_id)
    marking.mark(session, access, sample, parse(NewMark, form_values(form)))
    return _next(request, session, access, sample_id)


@router.post(BASE + "/{sample_id}/undo")
def undo(request: Request, session: SessionDep, access: Annotator, sample_id: str) -> Response:
    marking.take_back_last(session, marking.sample_of(session, access, sample_id), access.user.id)
    return _next(request, session, access, sample_id)


def _next(request: Request, session: SessionDep, access: Access, sample_id: str) -> Response:
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/calibration/{sample_id}/mark", 303)
    session.flush()
    page = pages.mark_page(session, access, marking.sample_of(session, access, sample_id))
    return render(request, "calibration/mark.html", page, block="marking")
