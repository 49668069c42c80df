"""Typed contexts of the pages of series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.datasets import versions
from app.finetunes import queries as tunes
from app.finetunes.series import queries, results
from app.finetunes.series.forms import NewSeries
from app.finetunes.series.models import FineTuneSeries
from app.finetunes.series.results import Member, Shown
from app.finetunes.standing import WORDS
from app.gateway import queries as gateway
from app.projects.access import Access
from app.web.charts import Bar, BarRow, bars
from app.web.forms import FormState, parse
from app.web.words import money, percent

PAGE = 25
TITLES = {"learning_curve": "Learning curve", "sweep": "Sweep"}
LISTS = ("n_epochs", "learning_rate", "learning_rate_multiplier", "r", "batch_size")
TONES = {"likely": "good", "worse": "bad", "cannot_tell": "warn"}


@dataclass(frozen=True)
class MemberRow:
    url: str
    number: int
    status: str
    differs: str
    examples: int
    loss: float | None
    share: float | None
    rate: str
    interval: str
    problem: str
    best: bool
    again: str


@dataclass(frozen=True)
class SeriesPage:
    slug: str
    series: FineTuneSeries
    title: str
    answer: str
    tone: str
    detail: str
    rows: Sequence[MemberRow]
    live: bool
    done: int
    spent: str
    source: str
    held: str
    chart: Sequence[Bar]
    can_change: bool

    @property
    def curve(self) -> bool:
        return self.series.purpose == "learning_curve"


@dataclass(frozen=True)
class SeriesRow:
    url: str
    title: str
    total: int
    done: int
    live: bool
    stopped: bool
    created_at: Any


@dataclass(frozen=True)
class SeriesList:
    slug: str
    rows: Sequence[SeriesRow]
    older: str | None
    can_start: bool
    title: str = "Learning curves and sweeps"


@dataclass(frozen=True)
class NewSeriesPage:
    slug: str
    purpose: str
    versions: Sequence[tuple[str, str]]
    providers: Sequence[tuple[str, str]]
    start: Mapping[str, Any]
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return f"New {TITLES[self.purpose].lower()}"


def listing(session: Session, access: Access, cursor: str | None) -> SeriesList:
    found = queries.listed(session, access.project.id, cursor, PAGE)
    base = f"/p/{access.project.slug}/fine-tune-series"
    rows = []
    for one in found.items:
        shown = results.of(session, one)
        done = sum(not member.live for member in shown.members)
        title = f"{TITLES[one.purpose]} {one.number}"
        row = SeriesRow(
            f"{base}/{one.id}", title, len(shown.members), done, shown.live, one.stopped is not None, one.created_at
        )
        rows.append(row)
    older = f"{base}?cursor={found.next_cursor}" if found.next_cursor else None
    return SeriesList(access.project.slug, rows, older, access.can("engineer"))


def one(session: Session, access: Access, found: FineTuneSeries) -> SeriesPage:
    shown = results.of(session, found)
    source = versions.load(session, access.project.id, found.dataset_version_id)
    held = versions.load(session, access.project.id, found.development_version_id)
    answer, tone = _answer(found, shown)
    rows = [_row(access.project.slug, found, shown, member) for member in shown.members]
    spent = sum(member.tune.cost or 0.0 for member in shown.members) + queries.measuring_cost(session, found.id)
    return SeriesPage(
        slug=access.project.slug,
        series=found,
        title=f"{TITLES[found.purpose]} {found.number}",
        answer=answer,
        tone=tone,
        detail=found.stopped or "",
        rows=rows,
        live=shown.live,
        done=sum(not member.live for member in shown.members),
        spent=money(spent) + (f" of {money(found.budget)}" if found.budget is not None else ""),
        source=f"v{source.number} {source.name}",
        held=f"v{held.number}, {held.size:,} examples",
        chart=bars((BarRow(row.differs, row.share, row.rate) for row in rows if row.share is not None), top=1.0),
        can_change=access.can("engineer"),
    )


def _answer(found: FineTuneSeries, shown: Shown) -> tuple[str, str]:
    if shown.outlook is not None:
        if shown.live and shown.outlook.word == "unknown":
            return "Being trained and measured: the answer comes with the second point.", "neutral"
        return shown.outlook.sentence, TONES.get(shown.outlook.word, "neutral")
    best = next((one for one in shown.members if one.tune.id == shown.best), None)
    if best is None:
        return "Nothing has been measured yet.", "neutral"
    so_far = " so far" if shown.live else ""
    rate = best.result.rate if best.result else None
    figure = (
        f": {percent(rate.value)} of {rate.n:,} development examples pass" if rate and rate.value is not None else ""
    )
    said = f"Best{so_far}: {words_of(best.differs)}{figure}."
    return f"{said} Being the best of {len(shown.members)}, it flatters itself a little.", "good"


def words_of(differs: Mapping[str, Any]) -> str:
    """``Learning rate 0.001, Rank 8``; ``25 % of the data``."""
    if "share" in differs:
        return f"{differs['share']:.0%} of the data"
    return ", ".join(f"{WORDS.get(key, key).lower()} {value:g}" for key, value in differs.items())


def _row(slug: str, found: FineTuneSeries, shown: Shown, one: Member) -> MemberRow:
    base = f"/p/{slug}/fine-tunes"
    rate = one.result.rate if one.result else None
    again = urlencode({"from": one.tune.id, "dataset_version_id": found.dataset_version_id})
    low, high = (rate.low, rate.high) if rate else (None, None)
    return MemberRow(
        url=f"{base}/{one.tune.id}",
        number=one.tune.number,
        status="waiting" if one.waiting else one.tune.status,
        differs=words_of(one.differs),
        examples=one.examples,
        loss=one.loss,
        share=rate.value if rate else None,
        rate=percent(rate.value) if rate else "–",
        interval=f"{low * 100:.0f}–{high * 100:.0f}, n = {rate.n:,}"
        if rate and low is not None and high is not None
        else "",
        problem=one.row.problem or (one.result.batch.error if one.result else "") or "",
        best=one.tune.id == shown.best,
        again=f"{base}/new?{again}",
    )


def new(session: Session, access: Access, values: Mapping[str, Any], form: FormState | None = None) -> NewSeriesPage:
    """``values``: fields as they were typed, or an earlier fine-tune to be like (``from``)."""
    start: dict[str, Any] = {"held_back": "0.2", "shares": "0.25, 0.5, 0.75, 1", "method": "lora"}
    source = tunes.fine_tune(session, access.project.id, str(values["from"])) if values.get("from") else None
    if source is not None:
        names = ("provider_id", "base_model", "dataset_version_id", "method")
        start |= {name: getattr(source, name) for name in names}
        start |= {"training_price": source.estimate.get("training_price")}
    start |= {key: value for key, value in values.items() if value}
    shown = (
        "base_model",
        "provider_id",
        "dataset_version_id",
        "training_price",
        "budget",
        "override_reason",
        "epochs",
        *LISTS,
    )
    purpose = str(values.get("purpose") or "")
    return NewSeriesPage(
        slug=access.project.slug,
        purpose=purpose if purpose in TITLES else "learning_curve",
        versions=[
            (v.id, f"v{v.number} {v.name} – {v.size:,} examples") for v in tunes.versions(session, access.project.id)
        ],
        providers=[(p.id, p.name) for p in gateway.active(session)],
        start=dict.fromkeys(shown, "") | {key: value for key, value in start.items() if value is not None},
        form=form or FormState(),
    )


def read(values: Mapping[str, Any]) -> NewSeries:
    """The form's flat fields as a series. Invalid names the field as the form calls it."""
    plain = ("purpose", "provider_id", "base_model", "dataset_version_id", "method", "held_back", "budget")
    fields: dict[str, Any] = {
        name: values[name] for name in (*plain, "training_price", "override_reason") if values.get(name)
    }
    if values.get("epochs"):
        fields["hyperparameters"] = {"n_epochs": values["epochs"]}
    if fields.get("purpose") == "sweep":
        fields["grid"] = {name: _split(values[name]) for name in LISTS if values.get(name)}
    elif values.get("shares"):
        fields["shares"] = _split(values["shares"])
    return parse(NewSeries, fields)


def _split(text: Any) -> list[str]:
    return [part for part in str(text).replace(";", ",").replace(" ", ",").split(",") if part]
