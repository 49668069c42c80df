"""The ship page, its sign-off, and the gates."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.comparisons.forms import Wanted
from app.core.errors import Conflict, Invalid
from app.decisions import gate_form, pages, plan_pages, report, service
from app.decisions.forms import NewSignOff
from app.projects.access import Engineer, Signer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/decide"
COMPARED = ("baseline", "candidate", "test_set", "baseline_run", "candidate_run")


@router.get(BASE)
def decide(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> Response:
    return _shown(request, pages.decide(session, access, wanted))


@router.post(BASE + "/sign-offs")
def sign(request: Request, session: SessionDep, access: Signer, form: FormDep) -> Response:
    values = form_values(form, frozenset({"test_set"}))
    compared = parse(Wanted, {name: values[name] for name in COMPARED if name in values})
    try:
        service.sign(session, access, parse(NewSignOff, values))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid(str(error))
        page = pages.decide(session, access, compared, refused(form, shown))
        return _shown(request, page, 422 if isinstance(error, Invalid) else 409)
    page = pages.decide(session, access, compared)
    query = page.export_query if isinstance(page, pages.DecidePage) else ""
    return RedirectResponse(f"/p/{access.project.slug}/decide?{query}#sign", 303)


@router.get(BASE + "/gates")
def gates(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "decisions/gates.html", pages.gates(session, access))


@router.post(BASE + "/gates")
def set_gates(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        service.set_gates(session, access, gate_form.read(form_values(form)))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid(str(error))
        status = 422 if isinstance(error, Invalid) else 409
        return render(
            request, "decisions/gates.html", pages.gates(session, access, refused(form, shown)), status=status
        )
    return RedirectResponse(f"/p/{access.project.slug}/decide", 303)


@router.get(BASE + "/plan")
def plan(request: Request, session: SessionDep, access: Viewer) -> Response:
    """In the form everything stands in percent."""
    try:
        page = plan_pages.plan(session, access, plan_pages.read(request.query_params))
    except Invalid as error:
        page = plan_pages.refused(session, access, request.query_params, error)
    return render(request, "decisions/plan.html", page, status=422 if page.form.message else 200)


@router.get(BASE + "/report")
def written(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> Response:
    """One self-contained file to download, print or send."""
    name = f'attachment; filename="verdict-{access.project.slug}.html"'
    found = report.report(session, access, wanted)
    return render(request, "decisions/report.html", found, headers={"Content-Disposition": name})


def _shown(request: Request, page: pages.DecidePage | pages.NothingYet, status: int = 200) -> Response:
    template = "decide" if isinstance(page, pages.DecidePage) else "empty"
    return render(request, f"decisions/{template}.html", page, status=status)
