"""The table of checkpoints on a fine-tune's page."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.finetunes.answers import loss
from app.finetunes.checkpoints import queries
from app.finetunes.models import Checkpoint, FineTune


@dataclass(frozen=True)
class CheckpointRow:
    """``best``: the lowest validation loss of them all; ``final``: the very state that the final model is."""

    id: str
    step: int
    epoch: float | None
    model: str
    train_loss: float | None
    valid_loss: float | None
    best: bool
    final: bool
    candidate_id: str | None
    candidate: str | None


def rows(session: Session, row: FineTune) -> list[CheckpointRow]:
    """The latest first."""
    found = queries.with_candidates(session, row.id)
    losses = [valid for one, _id, _name in found if (valid := valid_loss(one)) is not None]
    best = min(losses) if len(losses) > 1 else None
    return [
        CheckpointRow(
            id=one.id,
            step=one.step,
            epoch=epoch(row, one.step),
            model=one.model,
            train_loss=loss(one.metrics.get("train_loss")),
            valid_loss=valid_loss(one),
            best=best is not None and valid_loss(one) == best,
            final=is_final(row, one),
            candidate_id=candidate_id,
            candidate=name,
        )
        for one, candidate_id, name in found
    ]


def is_final(row: FineTune, checkpoint: Checkpoint) -> bool:
    """Saved at the last step of a run that ended there; one that stops early keeps the weights of its best step."""
    if row.status != "succeeded" or row.fine_tuned_model is None:
        return False
    same_state = checkpoint.step == row.total_steps and not row.hyperparameters.get("early_stopping")
    return checkpoint.model == row.fine_tuned_model or (same_state and ":ckpt-step-" in checkpoint.model)


def valid_loss(checkpoint: Checkpoint) -> float | None:
    """Over the whole validation file where the provider says so."""
    full = loss(checkpoint.metrics.get("full_valid_loss"))
    return loss(checkpoint.metrics.get("valid_loss")) if full is None else full


def epoch(row: FineTune, step: int) -> float | None:
    """How many times the data had been seen by then; None where the provider has not told both."""
    epochs = (row.settled_hyperparameters or {}).get("n_epochs")
    return step / row.total_steps * epochs if row.total_steps and isinstance(epochs, int) else None
