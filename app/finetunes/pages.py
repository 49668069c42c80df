"""Typed contexts of the fine-tune pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.finetunes import listing, queries, standing, stream
from app.finetunes.checkpoints import pages as checkpoints
from app.finetunes.checkpoints.pages import CheckpointRow
from app.finetunes.curves import points as curves
from app.finetunes.curves.points import Plot, Point
from app.finetunes.development import pages as development
from app.finetunes.development.pages import Development
from app.finetunes.listing import Choices, Filter
from app.finetunes.models import FineTune, FineTuneEvent, FineTuneOutput
from app.finetunes.rules import ENDED
from app.finetunes.samples import pages as samples
from app.finetunes.samples.pages import Prompts
from app.gateway.queries import by_id
from app.projects.access import Access

PAGE = 25
SHOWN_EVENTS = 60
LOGS = {"progress": "Progress", "samples": "Samples", "process": "Process output"}


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
    filter: Filter
    choices: Choices
    title: str = "Fine-tunes"

    @property
    def narrowed(self) -> bool:
        return bool(self.filter.query)

    @property
    def url(self) -> str:
        base = f"/p/{self.slug}/fine-tunes"
        return f"{base}?{self.filter.query}" if self.narrowed else base

    @property
    def older_url(self) -> str | None:
        return f"{self.url}{'&' if self.narrowed else '?'}cursor={self.older}" if self.older else None

    @property
    def any_live(self) -> bool:
        return any(row.status in ("queued", "running") for row in self.rows)


@dataclass(frozen=True)
class Log:
    """``shown``: of LOGS. ``output``: what the training process printed."""

    shown: str
    events: Sequence[FineTuneEvent]
    output: FineTuneOutput | None


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
    points: Sequence[Point]
    plots: Sequence[Plot]
    samples: Prompts | None
    log: Log
    checkpoints: Sequence[CheckpointRow]
    development: Development
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
    def checkpoint_choices(self) -> list[tuple[str, str]]:
        return [(one.id, f"step {one.step:,}") for one in self.checkpoints if not one.final]

    @property
    def logs(self) -> list[tuple[str, str, bool, None]]:
        url = f"/p/{self.slug}/fine-tunes/{self.fine_tune.id}"
        shown = [(key, words) for key, words in LOGS.items() if self.local or key != "process"]
        return [(words, f"{url}?log={key}#log", key == self.log.shown, None) for key, words in shown]

    @property
    def cancelling(self) -> bool:
        return self.fine_tune.cancel_requested_at is not None and not self.ended


def fine_tunes(session: Session, access: Access, narrowed: Filter, cursor: str | None) -> ListPage:
    found = queries.listed(session, access.project.id, narrowed, cursor, PAGE)
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
    return ListPage(
        access.project.slug,
        rows,
        cursor,
        found.next_cursor,
        access.can("engineer"),
        narrowed,
        listing.choices(session, access.project.id),
    )


def log(session: Session, row: FineTune, shown: str) -> Log:
    shown = shown if shown in LOGS else "progress"
    if shown == "process":
        return Log(shown, (), session.get(FineTuneOutput, row.id))
    return Log(shown, queries.log_lines(session, row.id, samples=shown == "samples", limit=SHOWN_EVENTS), None)


def one(session: Session, access: Access, row: FineTune, shown_log: str = "") -> RunPage:
    version, provider = queries.version(session, row.dataset_version_id), by_id(session, row.provider_id)
    baseline = queries.candidate(session, row.baseline_candidate_id)
    made = queries.candidate(session, row.candidate_id)
    points = curves.merged(queries.metrics(session, row.id))
    live = row.status not in (*ENDED, "needs_decision")
    headline, detail, tone = standing.statement(row, points)
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
        eta=standing.time_left(row, utcnow()),
        points=curves.thinned(points),
        plots=curves.plots(row.objective, points, live=live),
        samples=samples.prompts(session, row),
        log=log(session, row, shown_log),
        checkpoints=checkpoints.rows(session, row),
        development=development.of(session, row),
        settings=standing.settings(row),
        estimated=standing.estimated(row.estimate),
        listen_from=stream.position(session, row),
        can_change=access.can("engineer"),
    )
