"""Pages of the playground."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Conflict, Invalid
from app.evals.playground import judging, new_page, pages, queries, service
from app.evals.playground.forms import NewVersion, UnknownDecision
from app.projects.access import Access, Engineer, Viewer
from app.web.forms import FormDep, FormState, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/candidates/playground"
ONE = BASE + "/{trial_id}"


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "playground/list.html", pages.listing(session, access, cursor))


@router.get(BASE + "/new")
def new(
    request: Request, session: SessionDep, access: Engineer, candidate: str | None = None, trial: str | None = None
) -> Response:
    like = queries.get(session, access.project.id, trial) if trial else None
    return render(request, "playground/new.html", new_page.new(session, access, candidate, like))


@router.post(BASE)
def start(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    """First what it would cost; only then is anything sent."""
    values = form_values(form, frozenset({"graders"}))
    ticked, source = values.pop("graders", []), str(values.get("candidate_id", ""))
    try:
        wanted = new_page.read(session, access, values, ticked)
        if values.get("do") == "start":
            trial = service.start(session, access, wanted)
            return RedirectResponse(f"/p/{access.project.slug}/candidates/playground/{trial.id}", 303)
        planned = service.plan(session, access, wanted)
    except (Invalid, Conflict) as error:
        shown = new_page.as_typed(error) if isinstance(error, Invalid) else Invalid(str(error))
        page = new_page.new(session, access, source, form=refused(form, shown), ticked=ticked)
        return render(request, "playground/new.html", page, status=422)
    state = FormState(refused(form, Invalid("")).values)
    page = new_page.new(session, access, source, form=state, ticked=ticked, planned=planned)
    return render(request, "playground/new.html", page)


@router.get(ONE)
def one(request: Request, session: SessionDep, access: Viewer, trial_id: str) -> Response:
    found = queries.get(session, access.project.id, trial_id)
    return render(request, "playground/trial.html", pages.trial(session, access, found))


@router.get(ONE + "/standing")
def standing(request: Request, session: SessionDep, access: Viewer, trial_id: str) -> Response:
    found = queries.get(session, access.project.id, trial_id)
    return render(request, "playground/trial.html", pages.trial(session, access, found), block="standing")


@router.post(ONE + "/candidates")
def save(request: Request, session: SessionDep, access: Engineer, trial_id: str, form: FormDep) -> Response:
    """A variant becomes a candidate, which never changes."""
    found = queries.get(session, access.project.id, trial_id)
    try:
        with session.begin_nested():
            made = service.save(session, access, found, parse(NewVersion, form_values(form)))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid.field("name", str(error))
        page = pages.trial(session, access, found, refused(form, shown))
        return render(request, "playground/trial.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/candidates/{made.id}", 303)


@router.post(ONE + "/cancelling")
def cancel(session: SessionDep, access: Engineer, trial_id: str) -> Response:
    service.cancel(session, access, queries.get(session, access.project.id, trial_id))
    return _back(access, trial_id)


@router.post(ONE + "/resuming")
def resume(session: SessionDep, access: Engineer, trial_id: str) -> Response:
    service.resume(session, access, queries.get(session, access.project.id, trial_id))
    return _back(access, trial_id)


@router.post(ONE + "/judging")
def judge(session: SessionDep, access: Engineer, trial_id: str) -> Response:
    """Have the judges asked: somebody has read the price."""
    judging.ask(session, access, queries.get(session, access.project.id, trial_id))
    return _back(access, trial_id)


@router.post(ONE + "/judging/unknown-calls")
def decide_unknown_verdicts(session: SessionDep, access: Engineer, trial_id: str, form: FormDep) -> Response:
    found = queries.get(session, access.project.id, trial_id)
    action = parse(UnknownDecision, form_values(form)).action
    judging.decide_unknown(session, access, judging.get(session, found.id), action)
    return _back(access, trial_id)


@router.post(ONE + "/unknown-calls")
def decide_unknown(session: SessionDep, access: Engineer, trial_id: str, form: FormDep) -> Response:
    found = queries.get(session, access.project.id, trial_id)
    service.decide_unknown(session, access, found, parse(UnknownDecision, form_values(form)).action)
    return _back(access, trial_id)


def _back(access: Access, trial_id: str) -> Response:
    return RedirectResponse(f"/p/{access.project.slug}/candidates/playground/{trial_id}", 303)
