"""Pages of previews: asked for from the launch form, then looked at until the engine has answered."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.errors import Invalid
from app.finetunes import launch_page
from app.finetunes.preview import pages, queries, service
from app.finetunes.preview.forms import NewPreview
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse, refused
from app.web.render import is_htmx, render
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
BASE = "/p/{slug}/fine-tunes/previews"


@router.post(BASE)
def begin(request: Request, session: SessionDep, access: Engineer, form: FormDep) -> Response:
    """The launch form is sent with all its fields; the preview takes its own."""
    values = form_values(form)
    try:
        row = service.begin(
            session, access, parse(NewPreview, {k: values[k] for k in NewPreview.model_fields if k in values})
        )
    except Invalid as error:
        state = refused(form, error)
        page = launch_page.new(session, access, state.values, state)
        block = "refusal" if is_htmx(request) else None
        return render(request, "finetunes/new.html", page, block=block, status=422)
    if is_htmx(request):
        return render(request, "finetunes/preview.html", pages.one(session, access, row), block="batch")
    return RedirectResponse(f"/p/{access.project.slug}/fine-tunes/previews/{row.id}", 303)


@router.get(BASE + "/{preview_id}")
def one(request: Request, session: SessionDep, access: Engineer, preview_id: str) -> Response:
    """A part of the launch page while the engine is asked, or a page of its own."""
    page = pages.one(session, access, queries.one(session, access.project.id, preview_id))
    answer = render(request, "finetunes/preview.html", page, block="batch" if is_htmx(request) else None)
    if not page.pending:
        answer.headers["HX-Trigger"] = "previewed"  # the estimate can count now
    return answer
