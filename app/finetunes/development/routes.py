"""Development runs from a fine-tune's page."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.finetunes import service as tunes
from app.finetunes.development import service
from app.finetunes.development.forms import NewDevelopmentRun
from app.projects.access import Engineer
from app.web.forms import FormDep, form_values, parse
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
ONE = "/p/{slug}/fine-tunes/{fine_tune_id}"


@router.post(ONE + "/development-runs")
def start(session: SessionDep, access: Engineer, fine_tune_id: str, form: FormDep) -> Response:
    values = {key: value for key, value in form_values(form).items() if value}
    row = tunes.editable(session, access, fine_tune_id)
    service.start(session, access, row, parse(NewDevelopmentRun, values))
    return RedirectResponse(f"/p/{access.project.slug}/fine-tunes/{fine_tune_id}#checkpoints", 303)
