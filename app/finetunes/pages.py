"""Typed contexts of the fine-tune pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.finetunes import queries, standing, stream
from app.finetunes.checkpoints import pages as checkpoints
from app.finetunes.checkpoints.pages import CheckpointRow
from app.finetunes.curves import points as curves
from app.finetunes.curves.points import Plot, Point
from app.finetunes.development import pages as development
from app.finetunes.development.pages import Development
from app.finetunes.models import FineTune, FineTuneEvent
from app.finetunes.rules import ENDED
from app.finetunes.samples import pages as samples
from app.finetunes.samples.pages import Prompts
from app.gateway.queries import by_id
from app.projects.access import Access

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
    events: Sequence[FineTuneEvent]
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
        return [(one.id, f"step {one.step:,}") for one in self.checkpoints]

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
        events=queries.events(session, row.id, kind="message", limit=SHOWN_EVENTS)[::-1],
        checkpoints=checkpoints.rows(session, row),
        development=development.of(session, row),
        settings=standing.settings(row),
        estimated=standing.estimated(row.estimate),
        listen_from=stream.position(session, row),
        can_change=access.can("engineer"),
    )
