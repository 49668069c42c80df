"""Pages of the checks: the summary, the findings of a kind, decisions, the findings of one example."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.checks import list_pages, pages, queries, remedies, scan_queries, service, undoing
from app.checks.forms import BulkDecision, Decision, FindingFilter, end_of
from app.checks.models import FindingChange
from app.checks.rules import KINDS
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.examples import queries as examples
from app.projects.access import Access, Annotator, Viewer
from app.web.forms import FormDep, FormState, parse
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/checks"
Text = Annotated[str | None, Query(max_length=300)]


@router.get(BASE)
def summary(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "checks/checks.html", pages.checks(session, access))


@router.post("/p/{slug}/scans")
def scan(session: SessionDep, access: Annotator, form: FormDep) -> Response:
    service.request(session, access.user, access.project, full=form.get("full") == "true")
    return RedirectResponse(f"/p/{access.project.slug}/checks", 303)


@router.post("/p/{slug}/scans/{scan_id}/cancelling")
def cancel(session: SessionDep, access: Annotator, scan_id: str) -> Response:
    service.cancel(session, access.user, scan_queries.get(session, access.project.id, scan_id))
    return RedirectResponse(f"/p/{access.project.slug}/checks", 303)


@router.get("/p/{slug}/scans/{scan_id}/standing")
def standing(request: Request, session: SessionDep, access: Viewer, scan_id: str) -> Response:
    """The page's content again, while a scan runs: how far it is and what it found so far."""
    scan_queries.get(session, access.project.id, scan_id)
    if not is_htmx(request):
        return RedirectResponse(f"/p/{access.project.slug}/checks", 303)
    return render(request, "checks/checks.html", pages.checks(session, access), block="found")


@router.get(BASE + "/{kind}")
def of_kind(
    request: Request,
    session: SessionDep,
    access: Viewer,
    kind: str,
    state: Text = None,
    code: Text = None,
    cursor: Text = None,
    changed: Text = None,
) -> Response:
    wanted = _filter(kind, state, code)
    page = list_pages.listed(session, access, kind, wanted, cursor=cursor, changed=changed)
    return render(request, "checks/kind.html", page)


def _filter(kind: str, state: str | None, code: str | None) -> FindingFilter:
    if kind not in KINDS:
        raise NotFound("This kind of finding")
    given = {"kind": kind, "state": state, "code": code}
    return parse(FindingFilter, {name: value for name, value in given.items() if value})


@router.post(BASE + "/{kind}/decision")
def decide(request: Request, session: SessionDep, access: Annotator, kind: str, form: FormDep) -> Response:
    """For one finding (its own button), for those that are ticked, or for all that match."""
    wanted = _filter(kind, *(str(form.get(name, "")) or None for name in ("state", "code")))
    try:
        with session.begin_nested():
            change = _decide(session, access, wanted, form)
    except (Invalid, Conflict) as error:
        errors = {e.loc: e.msg for e in error.errors} if isinstance(error, Invalid) else {}
        values = {name: str(form.get(name, "")) for name in ("reason", "expires_at")}
        page = list_pages.listed(session, access, kind, wanted, form=FormState(values, errors, str(error)))
        return render(request, "checks/kind.html", page, status=409 if isinstance(error, Conflict) else 422)
    kept = {name: value for name, value in (("state", wanted.state), ("code", wanted.code)) if value}
    query = urlencode(kept | {"changed": change.id})
    return RedirectResponse(f"/p/{access.project.slug}/checks/{kind}?{query}", 303)


def _decide(session: SessionDep, access: Access, wanted: FindingFilter, form: FormData) -> FindingChange:
    said = {"reason": str(form.get("reason", "")), "expires_at": end_of(str(form.get("expires_at", "")))}
    one = str(form.get("one", "")).split(" ")  # "finding action", or "finding action example to keep"
    if len(one) > 1:
        keep = one[2] if len(one) > 2 else None
        decision = _fitting(one[1], said | {"keep": keep})
        return remedies.decide(session, access, queries.get(session, access.project.id, one[0]), decision, utcnow())
    ids = [str(value) for value in form.getlist("ids")]
    everything = form.get("scope") == "all"
    if not ids and not everything:
        raise Invalid("Tick findings first, or all that match.")
    filter = wanted.model_dump() | ({} if everything else {"ids": ids})
    count = form.get("expected_count") if everything else len(ids)
    decision = _fitting(str(form.get("action", "")), said)
    fields = decision.model_dump(exclude={"keep"}) | {"filter": filter, "expected_count": count}
    return remedies.decide_all(session, access, parse(BulkDecision, fields), utcnow())


def _fitting(action: str, said: Mapping[str, object]) -> Decision:
    """Reason and end stand in one form for all actions: an end counts only where something is accepted."""
    ends = action in ("approve", "accept")
    return parse(Decision, {"action": action} | dict(said) | ({} if ends else {"expires_at": None}))


@router.get("/p/{slug}/examples/{example_id}/findings")
def of_example(request: Request, session: SessionDep, access: Viewer, example_id: str, back: Text = None) -> Response:
    """A part of the example's page and of the review; a page of its own where it is opened alone."""
    example = examples.get(session, access.project.id, example_id)
    page = list_pages.of_example(session, access, example, _back(access, back, example_id))
    return render(request, "checks/example.html", page, block="findings" if is_htmx(request) else None)


def _back(access: Access, back: str | None, example_id: str) -> str:
    """Where to go on after a decision: a page of this project, never another site's."""
    own = f"/p/{access.project.slug}/"
    return back if back and back.startswith(own) and "\\" not in back else f"{own}examples/{example_id}"


@router.post("/p/{slug}/findings/{finding_id}/decision")
def decide_here(session: SessionDep, access: Annotator, finding_id: str, form: FormDep) -> Response:
    """A decision beside the example itself."""
    finding = queries.get(session, access.project.id, finding_id)
    said = {"reason": str(form.get("reason", "")), "expires_at": end_of(str(form.get("expires_at", "")))}
    remedies.decide(session, access, finding, _fitting(str(form.get("action", "")), said), utcnow())
    return RedirectResponse(_back(access, str(form.get("back", "")), finding.example_id), 303)


@router.post("/p/{slug}/findings/changes/{change_id}/undo")
def take_back(session: SessionDep, access: Annotator, change_id: str, back: Text = None) -> Response:
    """Of a decision in several steps the one before can be taken back next."""
    change = undoing.undo(session, access, change_id, utcnow())
    return _changed(access, back, change.follows or change_id)


@router.post("/p/{slug}/findings/changes/{change_id}/continuation")
def go_on(session: SessionDep, access: Annotator, change_id: str, back: Text = None) -> Response:
    return _changed(access, back, remedies.go_on(session, access, change_id, utcnow()).id)


def _changed(access: Access, back: str | None, change_id: str) -> Response:
    own = f"/p/{access.project.slug}/checks"
    target = back if back and back.startswith(own) and "\\" not in back else own
    return RedirectResponse(f"{target}{'&' if '?' in target else '?'}changed={change_id}", 303)
