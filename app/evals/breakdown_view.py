"""The cards of a run's page: pass rates of parts of the cases, and how steady the answers are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.evals import queries
from app.evals.models import EvalRun
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.words import percent

AT_FIRST = 8


@dataclass(frozen=True)
class PartRow:
    label: str
    note: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    url: str


@dataclass(frozen=True)
class UnstableCase:
    position: int
    output_id: str
    passed: str


@dataclass(frozen=True)
class StabilityView:
    value: str
    interval: str
    n: int
    repeats: int
    mark: IntervalMark | None
    unstable: Sequence[UnstableCase]
    count: int


@dataclass(frozen=True)
class BreakdownView:
    parts: Sequence[PartRow]
    stability: StabilityView | None
    at_first: int = AT_FIRST


def view(session: Session, slug: str, run: EvalRun) -> BreakdownView | None:
    """None where nothing was stored: the run was graded before there were parts, or has none."""
    stored = run.breakdown or {}
    if not stored.get("parts") and not stored.get("stability"):
        return None
    here = f"/p/{slug}/runs/{run.id}"
    steady = stored.get("stability")
    return BreakdownView(
        [_part(row, here) for row in stored["parts"]], _stability(session, run, steady) if steady else None
    )


def _part(row: Mapping[str, Any], here: str) -> PartRow:
    note = "expected behaviour" if row["by"] == "behavior" else ""
    query = urlencode({row["by"]: row["name"], "outcome": "failed"})
    label = f"expected to {row['name']}" if row["by"] == "behavior" else row["name"]
    return PartRow(label, note, *_figures(row), url=f"{here}?{query}#outputs")


def _stability(session: Session, run: EvalRun, row: Mapping[str, Any]) -> StabilityView:
    shares = {one["case_id"]: one["passed"] for one in row["unstable"]}
    found = {
        case_id: (position, output_id)
        for case_id, position, output_id in queries.first_outputs(session, run.id, list(shares))
    }
    cases = [
        UnstableCase(*found[case], f"passed in {round(share * row['repeats'])} of {row['repeats']}")
        for case, share in shares.items()
        if case in found
    ]
    value, interval, n, mark = _figures(row)
    return StabilityView(value, interval, n, row["repeats"], mark, cases, row["count"])


def _figures(row: Mapping[str, Any]) -> tuple[str, str, int, IntervalMark | None]:
    low, high = row["interval"] or (None, None)
    interval = "no interval" if low is None else f"{percent(low)} to {percent(high)}"
    return percent(row["value"]), interval, row["n"], interval_mark(RATE_AXIS, low, row["value"], high)
