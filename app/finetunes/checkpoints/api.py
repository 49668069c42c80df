"""Checkpoints under ``/api/v1``."""

from app.candidates.api import CandidateOut
from app.candidates.api import told as candidate_told
from app.finetunes import service as tunes
from app.finetunes.checkpoints import queries, service
from app.projects.access import Engineer
from app.web.idempotency import api_router
from app.web.session import SessionDep

router = api_router("fine-tunes")
ONE = "/projects/{slug}/fine-tunes/{fine_tune_id}/checkpoints/{checkpoint_id}"


@router.post(ONE + "/promote", status_code=201)
def promote(session: SessionDep, access: Engineer, fine_tune_id: str, checkpoint_id: str) -> CandidateOut:
    """A candidate of this checkpoint, with the baseline's prompt and parameters; promoted again, the same one."""
    row = tunes.editable(session, access, fine_tune_id)
    made = service.promote(session, access, row, queries.checkpoint(session, row.id, checkpoint_id))
    session.refresh(made)
    return candidate_told(session, access, made)
