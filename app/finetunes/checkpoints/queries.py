"""SQL of checkpoints that became candidates."""

from collections.abc import Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id
from app.finetunes.checkpoints.models import CheckpointCandidate
from app.finetunes.models import Checkpoint


def checkpoint(session: Session, fine_tune_id: str, checkpoint_id: str) -> Checkpoint:
    query = select(Checkpoint).where(Checkpoint.fine_tune_id == fine_tune_id, Checkpoint.id == checkpoint_id)
    found = session.scalar(query) if is_id(checkpoint_id) else None
    if found is None:
        raise NotFound("This checkpoint")
    return found


def with_candidates(session: Session, fine_tune_id: str) -> Sequence[Row[Checkpoint, str | None, str | None]]:
    """(checkpoint, id and name of the candidate that it became), the latest first."""
    query = (
        select(Checkpoint, Candidate.id, Candidate.name)
        .outerjoin(CheckpointCandidate, CheckpointCandidate.checkpoint_id == Checkpoint.id)
        .outerjoin(Candidate, Candidate.id == CheckpointCandidate.candidate_id)
        .where(Checkpoint.fine_tune_id == fine_tune_id)
    )
    return session.execute(query.order_by(Checkpoint.step.desc())).all()


def candidate_id(session: Session, checkpoint_id: str) -> str | None:
    query = select(CheckpointCandidate.candidate_id).where(CheckpointCandidate.checkpoint_id == checkpoint_id)
    return session.scalar(query)
