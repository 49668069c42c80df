"""Typed context of the traffic page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.core.errors import Invalid
from app.core.stats.results import Estimate
from app.projects.access import Access
from app.traffic import drift, queries, service
from app.traffic.coverage import Coverage
from app.traffic.drift import Series
from app.traffic.forms import NewSampling, TrafficFilter
from app.traffic.service import Uncovered
from app.web.charts import RATE_AXIS, Axis, IntervalMark, interval_mark
from app.web.forms import FormState
from app.web.snippets import Snippet, call
from app.web.words import percent, plural

WEEKS, GROUPS, SAMPLES, WORDS = 12, 8, 3, 240
EXAMPLE = {
    "id": "req-1",
    "request": {"messages": [{"role": "user", "content": "Where is my order?"}]},
    "response": {"created": 1767225600, "choices": [{"message": {"role": "assistant", "content": "On its way."}}]},
}


@dataclass(frozen=True)
class WeekLine:
    label: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    drifted: bool


@dataclass(frozen=True)
class SeriesView:
    label: str
    reference: str
    weeks: Sequence[WeekLine]
    drifted: int


@dataclass(frozen=True)
class GroupView:
    """``ids``: all its examples, for the draft; ``samples``: (url, request) of the first."""

    size: int
    share: str
    ids: Sequence[str]
    samples: Sequence[tuple[str, str]]
    draft_name: str


@dataclass(frozen=True)
class TrafficPage:
    slug: str
    answer: str
    received: int
    sampled: int
    in_review: int
    rate: str
    series: Sequence[SeriesView]
    reference: str
    until: str
    coverage: Coverage | None
    groups: Sequence[GroupView]
    more_groups: int
    can_change: bool
    snippets: Sequence[Snippet]
    form: FormState
    title: str = "Traffic"


def traffic(session: Session, access: Access, wanted: TrafficFilter, form: FormState | None = None) -> TrafficPage:
    project = access.project
    weeks = queries.weeks(session, project.id)
    found = drift.series(weeks, wanted.until)
    window, _later = drift.split(weeks, wanted.until)
    received = sum(week.n for week in weeks)
    held = service.uncovered(session, project.id) if received else None
    groups = _groups(project.slug, held) if held else []
    return TrafficPage(
        slug=project.slug,
        answer=_answer(received, found, held),
        received=received,
        sampled=queries.sampled(session, project.id),
        in_review=queries.in_review(session, project.id),
        rate=f"{queries.sample_rate(session, project.id) * 100:g}",
        series=[_series(one) for one in found],
        reference=_window([week.start for week in window]),
        until=wanted.reference_until or "",
        coverage=held.coverage if held else None,
        groups=groups[:GROUPS],
        more_groups=max(0, len(groups) - GROUPS),
        can_change=access.can("engineer"),
        snippets=call(f"/api/v1/traffic/{project.slug}", "answer", EXAMPLE, "one completion"),
        form=form or FormState(),
    )


def read_sampling(values: Mapping[str, Any]) -> NewSampling:
    """From percent to a share. Raises Invalid."""
    text = str(values.get("sample_rate", "")).replace("%", "").replace(",", ".").strip()
    try:
        share = float(text) / 100
    except ValueError:
        raise Invalid.field("sample_rate", "Write a number of percent.") from None
    if not 0 <= share <= 1:
        raise Invalid.field("sample_rate", "From 0 to 100 percent.")
    return NewSampling(sample_rate=share)


def _answer(received: int, found: Sequence[Series], held: Uncovered | None) -> str:
    if not received:
        return "Has production moved away from what was tested?"
    moved = [one.label.lower() for one in found if one.drifted]
    said = f"Drifted from the reference: {', '.join(moved)}." if moved else "No drift is shown."
    if held is None or not held.coverage.n:
        return f"{plural(received, 'completion')}. {said}"
    outside = held.coverage.n - held.coverage.covered
    return f"{said} {outside} of {plural(held.coverage.n, 'sampled request')} are like no test case."


def _window(starts: Sequence[date]) -> str:
    if not starts:
        return "no week"
    return f"the week of {starts[0]}" if len(starts) == 1 else f"{len(starts)} weeks, {starts[0]} to {starts[-1]}"


def _series(one: Series) -> SeriesView:
    highs = [point.estimate.high or point.estimate.value or 0.0 for point in one.points]
    axis = RATE_AXIS if one.unit == "share" else Axis(0.0, max(highs) * 1.08 or 1.0)
    return SeriesView(
        one.label,
        f"{_value(one.unit, one.reference.value)} {_between(one.unit, one.reference)}",
        [
            WeekLine(
                str(p.start),
                _value(one.unit, p.estimate.value),
                _between(one.unit, p.estimate),
                p.estimate.n,
                interval_mark(
                    axis, p.estimate.low, p.estimate.value, p.estimate.high, "bad" if p.drifted else "neutral"
                ),
                p.drifted,
            )
            for p in one.points[-WEEKS:]
        ],
        len(one.drifted),
    )


def _value(unit: str, value: float | None) -> str:
    return percent(value) if unit == "share" else "–" if value is None else f"{value:,.0f}"


def _between(unit: str, one: Estimate) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"[{_value(unit, one.low)}, {_value(unit, one.high)}]"


def _groups(slug: str, held: Uncovered) -> list[GroupView]:
    views = []
    for number, group in enumerate(held.coverage.groups, 1):
        members = [held.examples[place] for place in group.members]
        samples = [(f"/p/{slug}/examples/{one_id}", _cut(text)) for one_id, text in members[:SAMPLES]]
        share = percent(len(members) / held.coverage.n)
        name = f"Not covered {number}: {_cut(members[0][1], 60)}"
        views.append(GroupView(len(members), share, [one_id for one_id, _text in members], samples, name))
    return views


def _cut(text: str, most: int = WORDS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
