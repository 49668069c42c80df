"""All candidates by all measures on one sealed set, and one measure over time. From what each run has stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.comparisons import queries
from app.comparisons.choice import in_order
from app.core.errors import Invalid
from app.core.stats.words import amount
from app.datasets import queries as datasets
from app.datasets.models import TestSet
from app.evals.catalogue import METRICS
from app.evals.models import EvalRun
from app.projects.access import Access
from app.web.charts import RATE_AXIS, Axis, IntervalMark, interval_mark


@dataclass(frozen=True)
class Figure:
    """A value with its interval and n; empty where the run has no such measure."""

    value: str
    interval: str
    n: int | None


@dataclass(frozen=True)
class MatrixRow:
    name: str
    run: int
    run_url: str
    compare_url: str | None
    is_baseline: bool
    figures: Sequence[Figure]


@dataclass(frozen=True)
class Moment:
    """One finished run in the course of time."""

    at: datetime
    run: int
    url: str
    name: str
    is_baseline: bool
    figure: Figure
    mark: IntervalMark | None


@dataclass(frozen=True)
class MatrixPage:
    slug: str
    answer: str
    sets: Sequence[tuple[str, str]]
    test_set: str
    metrics: Sequence[tuple[str, str]]
    metric: str
    columns: Sequence[str]
    rows: Sequence[MatrixRow]
    course: Sequence[Moment]
    title: str = "All candidates"


def build(session: Session, access: Access, set_id: str | None, metric: str | None) -> MatrixPage:
    """Without a set: the first that has runs. Runs that this person votes on blind are left out."""
    sealed = in_order(datasets.sealed_sets(session, access.project.id))
    chosen = next((one for one in sealed if one.id == set_id), None) if set_id else next(iter(sealed), None)
    if set_id and chosen is None:
        raise Invalid.field("test_set", "Choose a sealed test set of this project.")
    runs = queries.runs_on(session, access.project.id, access.user.id, chosen.id) if chosen else []
    keys = [key for key in METRICS if any(_stored(run, key) for run, _name in runs)]
    if metric is not None and metric not in METRICS:
        raise Invalid.field("metric", f"One of {', '.join(METRICS)}.")
    shown = metric or (keys[0] if keys else "task_accuracy")
    baseline = candidates.baseline(session, access.project.id)
    base_id = baseline.id if baseline else None
    newest = {run.candidate_id: (run, name) for run, name in runs}
    base = f"/p/{access.project.slug}"
    return MatrixPage(
        slug=access.project.slug,
        answer="Which candidate stands where, on the same sealed cases?",
        sets=[(one.id, f"{one.name} ({one.size:,})") for one in sealed],
        test_set=chosen.id if chosen else "",
        metrics=[(key, METRICS[key].label) for key in keys],
        metric=shown,
        columns=[METRICS[key].label for key in keys],
        rows=[_row(base, run, name, base_id, keys, chosen) for run, name in newest.values()],
        course=_course(base, runs, base_id, shown),
    )


def _row(
    base: str, run: EvalRun, name: str, baseline_id: str | None, keys: Sequence[str], test_set: TestSet | None
) -> MatrixRow:
    is_baseline = run.candidate_id == baseline_id
    query = urlencode({"baseline": baseline_id, "candidate": run.candidate_id, "test_set": test_set and test_set.id})
    return MatrixRow(
        name=name,
        run=run.number,
        run_url=f"{base}/runs/{run.id}",
        compare_url=f"{base}/compare?{query}" if baseline_id and not is_baseline else None,
        is_baseline=is_baseline,
        figures=[_figure(key, _stored(run, key)) for key in keys],
    )


def _course(base: str, runs: Sequence[tuple[EvalRun, str]], baseline_id: str | None, key: str) -> list[Moment]:
    """Oldest first, on one axis."""
    measured = [(run, name, found) for run, name in runs if (found := _stored(run, key))]
    ends = [end for _, _, found in measured for end in found.get("interval") or () if end is not None]
    axis = RATE_AXIS if METRICS[key].unit == "share" else Axis(0.0, 1.05 * max([*ends, 1e-9]))
    return [
        Moment(
            at=run.finished_at or run.created_at,
            run=run.number,
            url=f"{base}/runs/{run.id}",
            name=name,
            is_baseline=run.candidate_id == baseline_id,
            figure=_figure(key, found),
            mark=_mark(axis, found),
        )
        for run, name, found in measured
    ]


def _stored(run: EvalRun, key: str) -> dict[str, Any] | None:
    found = next((one for one in run.metrics or [] if one["key"] == key), None)
    return found if found and found["value"] is not None else None


def _figure(key: str, found: dict[str, Any] | None) -> Figure:
    if found is None:
        return Figure("–", "", None)
    low, high = found.get("interval") or (None, None)
    unit = METRICS[key].unit
    ends = f"{amount(low, unit)} to {amount(high, unit)}" if low is not None or high is not None else ""
    return Figure(amount(found["value"], unit), ends, found["n"])


def _mark(axis: Axis, found: dict[str, Any]) -> IntervalMark | None:
    low, high = found.get("interval") or (None, None)
    return interval_mark(axis, low, found["value"], high, "neutral")
