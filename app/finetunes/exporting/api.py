"""A run's folder under ``/api/v1``."""

from starlette.responses import StreamingResponse

from app.finetunes.exporting import service
from app.projects.access import Viewer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("fine-tunes")


@router.get("/projects/{slug}/fine-tunes/{fine_tune_id}/export")
def export(session: SessionDep, access: Viewer, fine_tune_id: str, format: service.Format) -> StreamingResponse:
    """A zip of the rows that were trained on, a configuration with this run's hyperparameters, and the command."""
    return service.response(session, access.project, fine_tune_id, format)
