"""The judges of a round: a part of its page, and a page of its own."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.preferences.judged import pages, queries, service
from app.preferences.judged.access import round_beside
from app.preferences.judged.forms import NewJudge
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/rounds/{round_id}/judges"


@router.get(BASE)
def judges_page(request: Request, session: SessionDep, access: Viewer, round_id: str) -> Response:
    page = pages.judges(session, access, round_beside(session, access, round_id))
    return render(request, "preferences/judges.html", page, block="judges" if is_htmx(request) else None)


@router.post(BASE)
def start(request: Request, session: SessionDep, access: Engineer, round_id: str, form: FormDep) -> Response:
    round_ = round_beside(session, access, round_id)
    try:
        service.start(session, access, round_, parse(NewJudge, form_values(form)))
    except Invalid as error:
        page = pages.judges(session, access, round_, refused(form, error))
        return render(request, "preferences/judges.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/judges", 303)


@router.post(BASE + "/{judge_id}/cancel")
def cancel(session: SessionDep, access: Engineer, round_id: str, judge_id: str) -> Response:
    round_ = round_beside(session, access, round_id)
    service.cancel(session, queries.judge(session, round_.id, judge_id))
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/judges", 303)


@router.post(BASE + "/{judge_id}/resume")
def resume(session: SessionDep, access: Engineer, round_id: str, judge_id: str) -> Response:
    round_ = round_beside(session, access, round_id)
    service.resume(session, queries.judge(session, round_.id, judge_id))
    return RedirectResponse(f"/p/{access.project.slug}/rounds/{round_id}/judges", 303)
