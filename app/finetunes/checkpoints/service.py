"""Verbs of checkpoints: promote."""

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates import queries as candidates
from app.candidates.models import Candidate
from app.candidates.service import create_tuned, note_making
from app.core.errors import Conflict
from app.finetunes import queries as tunes
from app.finetunes import rules
from app.finetunes.checkpoints import queries
from app.finetunes.checkpoints.models import CheckpointCandidate
from app.finetunes.models import Checkpoint, FineTune
from app.projects.access import Access


def promote(session: Session, access: Access, row: FineTune, checkpoint: Checkpoint) -> Candidate:
    """A candidate of this checkpoint, like the one of the final model: it inherits the baseline's prompt, parameters
    and price, and its lineage is the fine-tune's. Doing it again answers the same candidate.

    ``row`` is locked. Conflict for the last checkpoint of a fine-tune whose final model is that very state."""
    known = queries.candidate_id(session, checkpoint.id)
    if known is not None:
        return candidates.get(session, access.project.id, known)
    if checkpoint.model == row.fine_tuned_model and row.candidate_id:
        raise Conflict("This is the fine-tune's final model, which is a candidate already.")
    like = tunes.candidate(session, row.baseline_candidate_id) or candidates.baseline(session, row.project_id)
    version = tunes.version(session, row.dataset_version_id)
    name = rules.candidate_name(version.number, row.method, row.settled_hyperparameters or row.hyperparameters)
    made = create_tuned(
        session,
        row.project_id,
        access.user.id,
        name=f"{name} · step {checkpoint.step}",
        provider_id=row.provider_id,
        model=checkpoint.model,
        fine_tune_id=row.id,
        like=like,
    )
    session.add(CheckpointCandidate(checkpoint_id=checkpoint.id, candidate_id=made.id, promoted_by=access.user.id))
    session.flush()
    if row.cost is not None:
        note_making(session, made.id, row.cost)
    facts = {"step": checkpoint.step, "candidate": made.name}
    record(session, "promote", "checkpoint", checkpoint.id, actor_id=access.user.id, project_id=row.project_id, **facts)
    return made
