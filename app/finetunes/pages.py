"""Typed contexts of the fine-tune pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.finetunes import queries, stream
from app.finetunes.answers import point
from app.finetunes.models import Checkpoint, FineTune, FineTuneEvent
from app.finetunes.rules import ENDED
from app.gateway.queries import by_id
from app.projects.access import Access
from app.web.words import duration, money

PAGE = 25
SHOWN_EVENTS = 60


@dataclass(frozen=True)
class Row:
    id: str
    number: int
    version: int
    base_model: str
    provider: str
    method: str
    status: str
    done: int
    total: int | None
    candidate_id: str | None
    candidate: str | None
    created_at: datetime


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[Row]
    cursor: str | None
    older: str | None
    can_launch: bool
    title: str = "Fine-tunes"

    @property
    def any_live(self) -> bool:
        return any(row.status in ("queued", "running") for row in self.rows)


@dataclass(frozen=True)
class CurvePoint:
    step: int
    train_loss: float | None
    valid_loss: float | None


@dataclass(frozen=True)
class RunPage:
    slug: str
    fine_tune: FineTune
    version: int
    version_size: int
    provider: str
    local: bool
    baseline: str | None
    candidate: str | None
    headline: str
    detail: str
    tone: str
    eta: str | None
    points: Sequence[CurvePoint]
    events: Sequence[FineTuneEvent]
    checkpoints: Sequence[Checkpoint]
    settings: Sequence[tuple[str, str]]
    estimated: str
    listen_from: str
    can_change: bool

    @property
    def title(self) -> str:
        return f"Fine-tune {self.fine_tune.number}"

    @property
    def ended(self) -> bool:
        return self.fine_tune.status in ENDED

    @property
    def cancelling(self) -> bool:
        return self.fine_tune.cancel_requested_at is not None and not self.ended


def fine_tunes(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = queries.listed(session, access.project.id, cursor, PAGE)
    rows = [
        Row(
            id=row.id,
            number=row.number,
            version=version,
            base_model=row.base_model,
            provider=provider,
            method=row.method,
            status=row.status,
            done=row.step,
            total=row.total_steps,
            candidate_id=row.candidate_id,
            candidate=candidate,
            created_at=row.created_at,
        )
        for row, version, provider, candidate in found.items
    ]
    return ListPage(access.project.slug, rows, cursor, found.next_cursor, access.can("engineer"))


def one(session: Session, access: Access, row: FineTune) -> RunPage:
    version, provider = queries.version(session, row.dataset_version_id), by_id(session, row.provider_id)
    baseline = queries.candidate(session, row.baseline_candidate_id)
    made = queries.candidate(session, row.candidate_id)
    points = curve(queries.events(session, row.id, kind="metrics"))
    eta = time_left(row, utcnow())
    headline, detail, tone = statement(row, points)
    return RunPage(
        slug=access.project.slug,
        fine_tune=row,
        version=version.number,
        version_size=version.size,
        provider=provider.name,
        local=provider.kind == "local_engine",
        baseline=baseline.name if baseline else None,
        candidate=made.name if made else None,
        headline=headline,
        detail=detail,
        tone=tone,
        eta=eta,
        points=points,
        events=queries.events(session, row.id, kind="message", limit=SHOWN_EVENTS)[::-1],
        checkpoints=queries.checkpoints(session, row.id),
        settings=settings(row),
        estimated=estimated(row.estimate),
        listen_from=stream.position(session, row),
        can_change=access.can("engineer"),
    )


def curve(events: Sequence[FineTuneEvent]) -> list[CurvePoint]:
    """One point a step; what a later event of the same step says is added."""
    steps: dict[int, CurvePoint] = {}
    for found in filter(None, (point(event.data) for event in events)):
        old = steps.get(found["step"], CurvePoint(found["step"], None, None))
        train, valid = found["train_loss"], found["valid_loss"]
        steps[old.step] = CurvePoint(
            old.step, old.train_loss if train is None else train, old.valid_loss if valid is None else valid
        )
    return [steps[step] for step in sorted(steps)]


def statement(row: FineTune, points: Sequence[CurvePoint]) -> tuple[str, str, str]:
    """(headline, detail, tone): is it learning, and if not, why not?"""
    losses = [p.train_loss for p in points if p.train_loss is not None]
    learning = _learning(losses)
    if row.status == "succeeded":
        took = (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
        tokens = f", {row.trained_tokens:,} tokens" if row.trained_tokens else ""
        cost = f", {money(row.cost)}" if row.cost is not None else ""
        return "Trained, and a candidate now.", f"{learning} Took {duration(took)}{tokens}{cost}.", "good"
    if row.status == "failed":
        return "It failed.", row.error or "", "bad"
    if row.status == "cancelled":
        return "Cancelled.", f"Nothing was made of it. {learning}".strip(), "neutral"
    if row.status == "needs_decision":
        return "A person has to decide.", row.error or "", "warn"
    if row.cancel_requested_at:
        return "Being cancelled.", row.error or "The provider has been told to stop.", "warn"
    if row.status == "paused":
        return "Paused.", "It goes on from its last checkpoint when it is resumed.", "neutral"
    if not losses:
        return _before_the_first_step(row)
    return learning, row.error or "", "warn" if row.error else "neutral"


def _before_the_first_step(row: FineTune) -> tuple[str, str, str]:
    where = {"validating_files": "The provider checks the file.", "queued": "It waits in the provider's queue."}
    if row.error:
        return "Not started yet.", row.error, "warn"
    if row.provider_job_id is None:
        return "Being launched.", "The training file is uploaded, then the job is made.", "neutral"
    return "Not training yet.", where.get(row.provider_status or "", "The first step has not come."), "neutral"


def _learning(losses: Sequence[float]) -> str:
    """The start against the end, each a mean of up to five steps."""
    if len(losses) < 2:
        return ""
    width = min(5, len(losses) // 2)
    first, last = sum(losses[:width]) / width, sum(losses[-width:]) / width
    if last < first * 0.95:
        return f"Learning: training loss fell from {first:.2f} to {last:.2f}."
    if last > first * 1.05:
        return f"Not learning: training loss rose from {first:.2f} to {last:.2f}. Try a lower learning rate."
    return f"Training loss stays near {last:.2f}."


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
    "n_epochs": "Passes over the data",
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
