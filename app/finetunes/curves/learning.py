"""Is it learning? A plain answer out of the losses so far, with the figures that it rests on. Pure.

Validation loss is believed before training loss: training loss always falls when a model learns by heart. A validation
loss counts as risen when it stands 2 % above its lowest point, which is more than the order of additions moves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.finetunes.curves.points import Point

RISEN, FALLEN = 1.02, 0.98
NOISE = 0.05  # of training losses, each a mean over few examples
WINDOW = 5  # training losses that are averaged


@dataclass(frozen=True)
class Reading:
    """``word``: learning, flat, overfitting, rising, unknown."""

    word: str
    sentence: str

    @property
    def tone(self) -> str:
        return {"overfitting": "warn", "rising": "bad"}.get(self.word, "neutral")


def reading(points: Sequence[Point]) -> Reading:
    valid = [(p["step"], p["valid_loss"]) for p in points if p["valid_loss"] is not None]
    train = [(p["step"], p["train_loss"]) for p in points if p["train_loss"] is not None]
    of_training = _of_training([loss for _step, loss in train])
    if len(valid) < 2:
        return of_training
    return _of_validation(valid, of_training)


def _of_validation(valid: Sequence[tuple[int, float]], of_training: Reading) -> Reading:
    (_, first), (last_step, last) = valid[0], valid[-1]
    best_step, best = min(valid, key=lambda one: one[1])
    if last > best * RISEN:
        where = f"validation loss was lowest at step {best_step:,} ({best:.2f}) and is {last:.2f} at step {last_step:,}"
        if of_training.word == "learning":
            said = f"Learning by heart since step {best_step:,}: {where}, while training loss goes on falling."
            return Reading("overfitting", f"{said} Take the checkpoint nearest to step {best_step:,}, or fewer epochs.")
        return Reading("rising", f"Not learning: {where}. Try a lower learning rate.")
    if last < first * FALLEN:
        return Reading("learning", f"Learning: validation loss fell from {first:.2f} to {last:.2f}.")
    said = f"Validation loss stays near {last:.2f} (it began at {first:.2f})."
    if of_training.word == "learning":
        said += " Training loss falls: what it learns does not carry over yet."
    return Reading("flat", said)


def _of_training(losses: Sequence[float]) -> Reading:
    """The start against the end, each a mean of up to five steps."""
    if len(losses) < 2:
        return Reading("unknown", "")
    width = min(WINDOW, len(losses) // 2)
    first, last = sum(losses[:width]) / width, sum(losses[-width:]) / width
    if last < first * (1 - NOISE):
        return Reading("learning", f"Learning: training loss fell from {first:.2f} to {last:.2f}.")
    if last > first * (1 + NOISE):
        said = f"Not learning: training loss rose from {first:.2f} to {last:.2f}. Try a lower learning rate."
        return Reading("rising", said)
    return Reading("flat", f"Training loss stays near {last:.2f}.")


def of_preferences(points: Sequence[Point]) -> Reading:
    """For preference pairs (DPO): does it come to prefer the chosen answers? A margin begins at 0."""
    margins = [p["reward_margin"] for p in points if p["reward_margin"] is not None]
    shares = [p["reward_accuracy"] for p in points if p["reward_accuracy"] is not None]
    if len(margins) < 2 or not shares:
        return Reading("unknown", "")
    width = min(WINDOW, len(margins) // 2)
    last, share = sum(margins[-width:]) / width, sum(shares[-width:]) / min(width, len(shares))
    where = f"the reward margin is {last:+.3f}, and it prefers the chosen answer in {share:.0%} of the latest pairs"
    if last > 0 and share > 0.5:
        return Reading("learning", f"Learning: {where}.")
    return Reading("flat" if last >= 0 else "rising", f"Not learning yet: {where}.")
