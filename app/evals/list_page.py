"""The list of a project's runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.evals import queries
from app.evals.catalogue import METRICS
from app.evals.metric_rows import shown
from app.evals.models import LIVE, EvalRun
from app.projects.access import Access

PAGE = 25


@dataclass(frozen=True)
class RunRow:
    id: str
    number: int
    candidate: str
    test_set: str
    status: str
    done: int
    total: int
    failed: int
    headline: str
    created_at: datetime


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[RunRow]
    older: str | None
    cursor: str | None
    can_start: bool
    any_live: bool
    title: str = "Eval runs"


def run_list(session: Session, access: Access, cursor: str | None) -> ListPage:
    found = queries.runs(session, access.project.id, access.user.id, cursor=cursor, limit=PAGE)
    rows = [_row(run, candidate, test_set) for run, candidate, test_set in found.items]
    any_live = any(row.status in LIVE for row in rows)
    return ListPage(access.project.slug, rows, found.next_cursor, cursor, access.can("engineer"), any_live)


def _row(run: EvalRun, candidate: str, test_set: str) -> RunRow:
    first = next((m for m in run.metrics or [] if METRICS.get(m["key"]) and m["value"] is not None), None)
    headline = f"{METRICS[first['key']].label} {shown(first)}" if first else ""
    return RunRow(
        run.id, run.number, candidate, test_set, run.status, run.done, run.total, run.failed, headline, run.created_at
    )
