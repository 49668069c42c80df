"""Typed context of the agreement page, and the same facts for the API."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.annotation import queries as annotations
from app.annotation.agreement import queries, rules
from app.annotation.agreement.rules import Aspect, Confused, Opinion
from app.annotation.pages import SAID, Tab, tabs
from app.annotation.queries import ExpertTime
from app.core.stats.results import Estimate
from app.projects.access import Access
from app.web.charts import RATE_AXIS, interval_mark
from app.web.grids import Confusion, confusion
from app.web.measures import Measure
from app.web.words import percent

ASPECTS = (("verdict", "Verdict"), ("behavior", "Expected behaviour"), ("label", "Label"))


@dataclass(frozen=True)
class Panel:
    title: str
    measures: Sequence[Measure]
    grid: Confusion | None
    confused: Sequence[Confused]


@dataclass(frozen=True)
class Person:
    name: str
    decisions: int
    hours: float
    quartiles: Sequence[float] | None  # seconds a piece
    agrees: Estimate | None
    settled: int
    upheld: int


@dataclass(frozen=True)
class AgreementPage:
    slug: str
    headline: str
    detail: str
    panels: Sequence[Panel]
    people: Sequence[Person]
    time: ExpertTime
    overlap: int
    tabs: Sequence[Tab]
    title: str = "Agreement"


def found(session: Session, access: Access) -> tuple[list[Opinion], list[Aspect]]:
    project = access.project
    rows = queries.opinions(session, project.id, project.overlap)
    opinions = [
        Opinion((example, revision), person, {"verdict": SAID[verdict], "behavior": behavior, "label": label})
        for example, revision, person, verdict, behavior, label in rows
    ]
    aspects = [rules.aspect(opinions, name) for name, _title in ASPECTS]
    return opinions, [one for one in aspects if one is not None]


def agreement(session: Session, access: Access) -> AgreementPage:
    opinions, aspects = found(session, access)
    verdicts = next((one for one in aspects if one.name == "verdict"), None)
    headline, detail = rules.sentence(verdicts)
    titles = dict(ASPECTS)
    return AgreementPage(
        slug=access.project.slug,
        headline=headline,
        detail=detail,
        panels=[_panel(titles[one.name], one) for one in aspects],
        people=people(session, access.project.id, opinions),
        time=annotations.expert_minutes(session, access.project.id),
        overlap=access.project.overlap,
        tabs=tabs(session, access, "agreement"),
    )


def people(session: Session, project_id: str, opinions: Sequence[Opinion]) -> list[Person]:
    agrees = rules.with_others(opinions, "verdict")
    settled = {person: (count, upheld) for person, count, upheld in queries.settled(session, project_id)}
    return [
        Person(name, count, seconds / 3600, quartiles, agrees.get(person), *settled.get(person, (0, 0)))
        for person, name, count, seconds, quartiles in queries.pace(session, project_id)
    ]


def _panel(title: str, one: Aspect) -> Panel:
    rows = [
        _measure("Same answer", one.percent, "of two opinions on the same example", share=True),
        _measure("Krippendorff's alpha", one.alpha, "1 is perfect, 0 is chance"),
        _measure("Fleiss' kappa", one.fleiss, "for equally many opinions on each"),
    ]
    if one.cohen:
        rows.insert(2, _measure("Cohen's kappa", one.cohen, "for two people"))
    grid = confusion(one.labels, one.counts) if len(one.labels) > 1 else None
    return Panel(title, rows, grid, one.confused[:8])


def _measure(label: str, e: Estimate, note: str, share: bool = False) -> Measure:
    value = percent(e.value) if share else ("–" if e.value is None else f"{e.value:.2f}")
    bounds = "no interval"
    if e.low is not None and e.high is not None:
        bounds = f"{percent(e.low)} to {percent(e.high)}" if share else f"{e.low:.2f} to {e.high:.2f}"
    low = None if e.low is None else max(e.low, 0.0)
    mark = interval_mark(RATE_AXIS, low, e.value, e.high) if e.value is not None and e.value >= 0 else None
    return Measure(label, value, bounds, e.n, mark, note)


def as_json(session: Session, access: Access) -> dict[str, Any]:
    opinions, aspects = found(session, access)
    time = annotations.expert_minutes(session, access.project.id)
    verdicts = next((one for one in aspects if one.name == "verdict"), None)
    shown = {
        one.name: {
            "percent": asdict(one.percent),
            "cohen_kappa": asdict(one.cohen) if one.cohen else None,
            "fleiss_kappa": asdict(one.fleiss),
            "krippendorff_alpha": asdict(one.alpha),
            "confused": [asdict(pair) for pair in one.confused],
        }
        for one in aspects
    }
    return {
        "summary": " ".join(rules.sentence(verdicts)),
        "aspects": shown,
        "annotators": [asdict(person) for person in people(session, access.project.id, opinions)],
        "expert_time": asdict(time) | {"cost": time.cost},
    }
