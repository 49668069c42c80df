"""What is done with a checkpoint, from the fine-tune's page."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.finetunes import service as tunes
from app.finetunes.checkpoints import queries, service
from app.projects.access import Engineer
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)
ONE = "/p/{slug}/fine-tunes/{fine_tune_id}/checkpoints/{checkpoint_id}"


@router.post(ONE + "/candidate")
def promote(session: SessionDep, access: Engineer, fine_tune_id: str, checkpoint_id: str) -> Response:
    row = tunes.editable(session, access, fine_tune_id)
    made = service.promote(session, access, row, queries.checkpoint(session, row.id, checkpoint_id))
    return RedirectResponse(f"/p/{access.project.slug}/candidates/{made.id}", 303)
