"""Typed contexts of the round pages. Those for voters take from ``ballots.py`` alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.stats.results import Estimate
from app.preferences import ballots, queries, results
from app.preferences.ballots import Progress, Shown
from app.preferences.forms import DEFAULT_CRITERIA
from app.preferences.models import PreferenceRound
from app.projects.access import Access
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.forms import FormState
from app.web.words import percent


@dataclass(frozen=True)
class RoundRow:
    id: str
    name: str
    criteria: str
    created_at: datetime
    closed: bool
    done: int
    total: int
    my_done: int
    my_total: int


@dataclass(frozen=True)
class ListPage:
    slug: str
    rounds: Sequence[RoundRow]
    can_open: bool
    title: str = "Blind review"


@dataclass(frozen=True)
class RunChoice:
    id: str
    label: str
    detail: str


@dataclass(frozen=True)
class NewPage:
    slug: str
    runs: Sequence[RunChoice]
    people: Sequence[tuple[str, str]]
    chosen_runs: Sequence[str]
    form: FormState
    criteria: str = DEFAULT_CRITERIA
    title: str = "New round"


@dataclass(frozen=True)
class VotePage:
    slug: str
    round_id: str
    criteria: str
    shown: Shown | None
    progress: Progress
    closed: bool
    title: str = "Blind review"


@dataclass(frozen=True)
class Measure:
    label: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    note: str = ""


@dataclass(frozen=True)
class RoundPage:
    slug: str
    round: RoundRow
    reviewers: Sequence[tuple[str, int, int]]
    is_reviewer: bool
    can_close: bool
    results: results.Results | None
    measures: Sequence[Measure] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        return self.round.name


def row(session: Session, access: Access, rounds: Sequence[PreferenceRound]) -> list[RoundRow]:
    ids = [r.id for r in rounds]
    overall = queries.progress(session, ids)
    mine = queries.my_progress(session, ids, access.user.id)
    return [
        RoundRow(
            r.id,
            r.name,
            r.criteria,
            r.created_at,
            r.closed_at is not None,
            *overall.get(r.id, (0, 0)),
            *mine.get(r.id, (0, 0)),
        )
        for r in rounds
    ]


def round_list(session: Session, access: Access) -> ListPage:
    rounds = queries.rounds(session, access.project.id)
    return ListPage(access.project.slug, row(session, access, rounds), access.can("engineer"))


def new(session: Session, access: Access, chosen: Sequence[str], form: FormState | None = None) -> NewPage:
    runs = [
        RunChoice(run.id, f"Run {run.number}: {candidate}", f"on {test_set}, {run.total} cases")
        for run, candidate, test_set in queries.finished_runs(session, access.project.id)
    ]
    people = [
        (user.email, user.name)
        for user in queries.possible_reviewers(session, access.project.id)
        if user.id != access.user.id
    ]
    return NewPage(access.project.slug, runs, people, chosen, form or FormState())


def vote(session: Session, access: Access, round_: PreferenceRound, shown: Shown | None) -> VotePage:
    state = ballots.progress(session, round_, access.user.id)
    return VotePage(access.project.slug, round_.id, round_.criteria, shown, state, round_.closed_at is not None)


def one(session: Session, access: Access, round_: PreferenceRound) -> RoundPage:
    found = results.of_round(session, round_) if round_.closed_at else None
    people = [(name, done, total) for _id, name, total, done in queries.reviewers(session, round_.id)]
    return RoundPage(
        access.project.slug,
        row(session, access, [round_])[0],
        people,
        queries.is_reviewer(session, round_.id, access.user.id),
        access.can("engineer") and round_.closed_at is None,
        found,
        measures(found) if found else (),
    )


def measures(found: results.Results) -> list[Measure]:
    """Every estimate of the page in one form: value, interval, n."""
    rows = [
        _share(f"{rate.candidate} preferred to {rate.opponent}", rate.rate, "wins, and half of the ties")
        for rate in found.win_rates
    ]
    rows.append(_share("Reviewers agree", found.percent, "on the same pair"))
    if found.cohen:
        rows.append(_coefficient("Cohen's kappa", found.cohen))
    rows.append(_coefficient("Krippendorff's alpha", found.alpha))
    rows.append(_share("Left side chosen", found.side_bias.rate, "50 % where the side does not matter"))
    if found.self_consistency.n:
        rows.append(_share("Same choice when shown again", found.self_consistency, "each reviewer with themselves"))
    return rows


def _share(label: str, e: Estimate, note: str) -> Measure:
    interval = f"{percent(e.low)} to {percent(e.high)}" if e.low is not None else "no interval"
    return Measure(label, percent(e.value), interval, e.n, interval_mark(RATE_AXIS, e.low, e.value, e.high), note)


def _coefficient(label: str, e: Estimate) -> Measure:
    value = "–" if e.value is None else f"{e.value:.2f}"
    interval = f"{e.low:.2f} to {e.high:.2f}" if e.low is not None and e.high is not None else "no interval"
    mark = interval_mark(RATE_AXIS, max(e.low, 0.0) if e.low is not None else None, e.value, e.high)
    return Measure(label, value, interval, e.n, mark, "1 is perfect, 0 is chance")
