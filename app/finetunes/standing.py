"""How a fine-tune stands, in words: the first line of its page, what is left to wait for, and how it was set up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.finetunes.curves import learning
from app.finetunes.curves.points import Point
from app.finetunes.models import FineTune
from app.web.words import duration, money


def reading(row: FineTune, points: Sequence[Point]) -> learning.Reading:
    """Is it learning?"""
    return (learning.of_preferences if row.objective == "dpo" else learning.reading)(points)


def statement(row: FineTune, points: Sequence[Point]) -> tuple[str, str, str]:
    """(headline, detail, tone): is it learning, and if not, why not?"""
    found = reading(row, points)
    said = found.sentence
    if row.status == "succeeded":
        took = (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
        tokens = f", {row.trained_tokens:,} tokens" if row.trained_tokens else ""
        cost = f", {money(row.cost)}" if row.cost is not None else ""
        tone = "warn" if found.word in ("overfitting", "rising") else "good"
        return "Trained, and a candidate now.", f"{said} Took {duration(took)}{tokens}{cost}.".strip(), tone
    if row.status == "failed":
        return "It failed.", row.error or "", "bad"
    if row.status == "cancelled":
        return "Cancelled.", f"Nothing was made of it. {said}".strip(), "neutral"
    if row.status == "needs_decision":
        return "A person has to decide.", row.error or "", "warn"
    if row.cancel_requested_at:
        return "Being cancelled.", row.error or "The provider has been told to stop.", "warn"
    if row.status == "paused":
        return "Paused.", "It goes on from its last checkpoint when it is resumed.", "neutral"
    if row.error:
        return "Held up.", f"{row.error} {said}".strip(), "warn"
    if not any(p["train_loss"] is not None for p in points):
        return _before_the_first_step(row)
    return said or "The first steps are done.", "", found.tone


def _before_the_first_step(row: FineTune) -> tuple[str, str, str]:
    where = {"validating_files": "The provider checks the file.", "queued": "It waits in the provider's queue."}
    if row.provider_job_id is None:
        return "Being launched.", "The training file is uploaded, then the job is made.", "neutral"
    return "Not training yet.", where.get(row.provider_status or "", "The first step has not come."), "neutral"


def time_left(row: FineTune, now: datetime) -> str | None:
    """By the provider's own estimate, else by the pace so far; None where nothing is known."""
    if row.status != "running":
        return None
    if row.estimated_finish is not None:
        return duration(max(0.0, (row.estimated_finish - now).total_seconds()))
    if row.started_at is None or not row.total_steps or not row.step:
        return None
    elapsed = (now - row.started_at).total_seconds()
    return duration(elapsed / row.step * (row.total_steps - row.step))


WORDS = {
    "n_epochs": "Epochs",
    "batch_size": "Examples a step",
    "learning_rate_multiplier": "Learning rate, times",
    "seed": "Seed",
    "learning_rate": "Learning rate",
    "r": "Rank",
    "alpha": "Alpha",
    "dropout": "Dropout",
    "target_modules": "Trained layers",
}


def settings(row: FineTune) -> list[tuple[str, str]]:
    """The hyperparameters that the job runs with; what was asked for until the provider has said."""
    asked = row.settled_hyperparameters or row.hyperparameters
    flat: dict[str, Any] = {key: value for key, value in asked.items() if key != "adapter"}
    flat |= {key: value for key, value in (asked.get("adapter") or {}).items() if key != "type"}
    return [(WORDS.get(key, key.replace("_", " ")), _shown(value)) for key, value in flat.items() if value is not None]


def estimated(estimate: Mapping[str, Any]) -> str:
    """What was reckoned at launch, in a line."""
    tokens = f"{estimate['tokens']:,} tokens" if estimate.get("tokens") else ""
    seconds = duration(estimate["seconds"]) if estimate.get("seconds") is not None else ""
    cost = money(estimate["cost"]) if estimate.get("cost") is not None else ""
    return ", ".join(part for part in (tokens, seconds, cost) if part) or "–"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
