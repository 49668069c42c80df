"""The adviser's page, the failures, and what people say of them."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.comparisons import queries as comparisons
from app.core.errors import Conflict, Forbidden, Invalid
from app.datasets import queries as datasets
from app.decisions.adviser import exporting, failure_pages, pages, queries, service
from app.decisions.adviser.forms import FailureFilter, FailurePage, NewCauses, Wanted
from app.evals import blind
from app.projects.access import Annotator, Viewer
from app.web.forms import FormDep, FormState, form_values, parse
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/decide/adviser"


@router.get(BASE)
def adviser(request: Request, session: SessionDep, access: Viewer, wanted: Annotated[Wanted, Query()]) -> Response:
    page = pages.adviser(session, access, wanted)
    template = "adviser" if isinstance(page, pages.AdviserPage) else "empty"
    return render(request, f"adviser/{template}.html", page)


@router.get(BASE + "/failures")
def failures(request: Request, session: SessionDep, access: Viewer, asked: Annotated[FailurePage, Query()]) -> Response:
    return render(request, "adviser/failures.html", failure_pages.failures(session, access, asked))


@router.post(BASE + "/causes")
def say(request: Request, session: SessionDep, access: Annotator, form: FormDep) -> Response:
    """One case, or all that the filter matches; then on to ``next``."""
    values = form_values(form, frozenset({"case_ids"}))
    following = values.pop("next", None)
    asked = parse(FailurePage, {name: values[name] for name in FailureFilter.model_fields if name in values})
    try:
        change = service.say(session, access, parse(NewCauses, values))
    except (Invalid, Conflict) as error:
        state = FormState(message=str(error))
        page = failure_pages.failures(session, access, asked, state)
        return render(request, "adviser/failures.html", page, status=422 if isinstance(error, Invalid) else 409)
    query = asked.model_dump(exclude_none=True, exclude={"show"}) | {"changed": str(change.count)}
    return RedirectResponse(f"{_base(access.project.slug)}/failures?{urlencode(query | _case(following))}", 303)


@router.post(BASE + "/undo")
def undo(session: SessionDep, access: Annotator, form: FormDep) -> Response:
    """The person's own last change."""
    values = form_values(form)
    asked = parse(FailurePage, {name: values[name] for name in FailurePage.model_fields if name in values})
    service.undo(session, access)
    query = asked.model_dump(exclude_none=True, exclude={"show", "changed"})
    return RedirectResponse(f"{_base(access.project.slug)}/failures?{urlencode(query)}", 303)


@router.get(BASE + "/causes.csv")
def causes(session: SessionDep, access: Viewer, wanted: Annotated[FailureFilter, Query()]) -> Response:
    """Every failure that matches, with its evidence; evidence quotes outputs, so that it is read like them."""
    chosen, found = service.look(session, access, wanted)
    if access.role == "annotator" and not comparisons.seen(session, access.user.id, [chosen.run.id]):
        raise Forbidden("Open the failures first: who reads them cannot vote on this run.")
    blind.saw_outputs(session, access.user.id, chosen.run.id)
    datasets.note_access(session, chosen.test_set.id, "viewed", user_id=access.user.id, run_id=chosen.run.id)
    rows = service.matching(found.failures, wanted)
    body = exporting.as_csv(rows, queries.cases(session, [one.case_id for one in rows]))
    name = f'attachment; filename="causes-{access.project.slug}-run-{chosen.run.number}.csv"'
    return Response(body, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


def _base(slug: str) -> str:
    return f"/p/{slug}/decide/adviser"


def _case(case_id: str | None) -> dict[str, str]:
    return {"case": case_id} if case_id else {}
