"""The gap between training and validation loss. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.finetunes.doctor.material import LossPoint

RISE = 0.25  # the validation loss has climbed by this share over its best
APART = 4.0  # and is at least so many times the training loss


@dataclass(frozen=True, slots=True)
class Gap:
    sentence: str
    overfitted: bool
    best_step: int


def gap(points: Sequence[LossPoint]) -> Gap | None:
    """Whether validation loss rose from its best by a quarter while training loss sank under a quarter of it: both
    together are past what noise between two evaluations does. None without two validation losses.

    There is no interval: a curve is one run. Early stopping watches the same two numbers (Prechelt 1998, *Early
    Stopping – But When?*, whose generalisation loss is the rise over the best)."""
    valid = [(one.step, one.valid) for one in points if one.valid is not None]
    train = [one.train for one in points if one.train is not None]
    if len(valid) < 2 or not train:
        return None
    best_step, best = min(valid, key=lambda pair: (pair[1], pair[0]))
    last = valid[-1][1]
    width = max(1, min(5, len(train) // 4))
    end = sum(train[-width:]) / width
    climbed = last > best * (1 + RISE)
    over = climbed and last > APART * end
    if climbed:
        said = f"Validation loss was best at step {best_step} ({best:.2f}) and rose to {last:.2f}"
        return Gap(f"{said}, while training loss sank to {end:.2f}.", over, best_step)
    return Gap(f"Validation loss ends at {last:.2f} (best {best:.2f}), training loss at {end:.2f}.", False, best_step)
