"""The cost page, its CSV, and the budget."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.costs import exporting, pages, service
from app.costs.forms import CostFilter, NewBudget
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/costs"


@router.get(BASE)
def costs(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[CostFilter, Query()]) -> Response:
    return render(request, "costs/costs.html", pages.costs(session, access, wanted))


@router.get(BASE + "/ledger.csv")
def ledger(session: SessionDep, access: Viewer, wanted: Annotated[CostFilter, Query()]) -> Response:
    name = f'attachment; filename="costs-{access.project.slug}.csv"'
    text = exporting.as_csv(service.entries(session, access, wanted))
    return Response(text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@router.get(BASE + "/budget")
def budget(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "costs/budget.html", pages.budget(session, access))


@router.post(BASE + "/budget")
def set_budget(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        service.set_budget(session, access, parse(NewBudget, form_values(form)))
    except Invalid as error:
        page = pages.budget(session, access, refused(form, error))
        return render(request, "costs/budget.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/costs", 303)
