"""Pages of series: list, new, and one while it runs."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid
from app.finetunes.series import pages, queries, service
from app.projects.access import Engineer, Viewer
from app.web.forms import FormDep, form_values, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/fine-tune-series"
ONE = BASE + "/{series_id}"


@router.get(BASE)
def list_page(request: Request, session: SessionDep, access: Viewer, cursor: str | None = None) -> Response:
    return render(request, "series/list.html", pages.listing(session, access, cursor))


@router.get(BASE + "/new")
def new_page(request: Request, session: SessionDep, access: Engineer) -> Response:
    return render(request, "series/new.html", pages.new(session, access, dict(request.query_params)))


@router.post(BASE)
def start(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    try:
        wanted = pages.read(form_values(form))
        with transaction() as own:  # a refusal takes back the parts that were frozen for it
            series_id = service.start(own, access, wanted).id
    except (Invalid, Conflict) as error:
        said = _as_typed(error) if isinstance(error, Invalid) else Invalid(str(error))
        state = refused(form, said)
        return render(request, "series/new.html", pages.new(session, access, state.values, state), status=422)
    return RedirectResponse(f"/p/{access.project.slug}/fine-tune-series/{series_id}", 303)


def _as_typed(error: Invalid) -> Invalid:
    """``grid.n_epochs.0`` is the form's ``n_epochs``, ``hyperparameters.n_epochs`` its ``epochs``."""

    def field(loc: str) -> str:
        parts = loc.split(".")
        if parts[0] == "hyperparameters":
            return "epochs"
        return parts[1] if parts[0] == "grid" and len(parts) > 1 else "n_epochs" if parts[0] == "grid" else parts[0]

    return Invalid(str(error), [FieldError(field(one.loc), one.msg) for one in error.errors])


@router.get(ONE)
def one(request: Request, session: SessionDep, access: Viewer, series_id: str) -> Response:
    page = pages.one(session, access, queries.series(session, access.project.id, series_id))
    return render(request, "series/_rows.html" if is_htmx(request) else "series/one.html", page)


@router.post(ONE + "/cancelling")
def cancel(session: SessionDep, access: Engineer, series_id: str) -> Response:
    service.cancel(session, access, queries.series(session, access.project.id, series_id, lock=True))
    return RedirectResponse(f"/p/{access.project.slug}/fine-tune-series/{series_id}", 303)
