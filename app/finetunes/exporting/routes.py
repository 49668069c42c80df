"""The download on a fine-tune's page."""

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from app.finetunes.exporting import service
from app.projects.access import Viewer
from app.web.session import SessionDep

router = APIRouter(include_in_schema=False)


@router.get("/p/{slug}/fine-tunes/{fine_tune_id}/export")
def download(session: SessionDep, access: Viewer, fine_tune_id: str, format: service.Format) -> StreamingResponse:
    return service.response(session, access.project, fine_tune_id, format)
