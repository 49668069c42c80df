"""Pages of the checklist: the eight points, the sample to read, signing."""

import secrets

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.checks import service as checks
from app.checks.readiness import pages, service
from app.checks.readiness.forms import NewSignOff
from app.core.errors import Conflict, Invalid
from app.projects.access import Annotator, Signer, Viewer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/checklist"
MOST_SEED = 2**31


@router.get(BASE)
def checklist(request: Request, session: SessionDep, access: Viewer) -> Response:
    return render(request, "checklist/checklist.html", pages.checklist(session, access))


@router.post(BASE + "/scan")
def scan(session: SessionDep, access: Annotator) -> Response:
    """Have everything that was not looked at looked at; the page shows how far that is."""
    checks.request(session, access.user, access.project)
    return RedirectResponse(f"/p/{access.project.slug}/checklist", 303)


@router.get(BASE + "/standing")
def standing(request: Request, session: SessionDep, access: Viewer) -> Response:
    """The answer again, while a scan is under way."""
    return render(request, "checklist/checklist.html", pages.checklist(session, access), block="standing")


@router.get(BASE + "/sample/{item}")
def sample(request: Request, session: SessionDep, access: Viewer, item: str, seed: int | None = None) -> Response:
    """The same seed shows the same rows, so that two people can talk about them."""
    chosen = secrets.randbelow(MOST_SEED) if seed is None or not 0 <= seed < MOST_SEED else seed
    return render(request, "checklist/sample.html", pages.sample(session, access, item, chosen))


@router.post(BASE + "/sign-offs")
def sign_off(request: Request, session: SessionDep, access: Signer, form: FormDep) -> Response:
    values = form_values(form, frozenset({"sample_ids"}))
    seed = str(values.pop("seed", "0"))
    try:
        service.sign_off(session, access, parse(NewSignOff, values))
    except (Invalid, Conflict) as error:
        shown = error if isinstance(error, Invalid) else Invalid(str(error))
        item, number = str(values.get("item", "")), int(seed) if seed.isascii() and seed.isdigit() else 0
        if item not in pages.QUESTIONS:
            raise
        page = pages.sample(session, access, item, min(number, MOST_SEED), refused(form, shown))
        return render(request, "checklist/sample.html", page, status=422)
    return RedirectResponse(f"/p/{access.project.slug}/checklist#{values['item']}", 303)
