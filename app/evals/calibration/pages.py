"""Typed contexts of the calibration pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.core.stats.agreement import krippendorff_alpha
from app.core.stats.results import Estimate
from app.datasets.models import TestCase
from app.evals import queries as evals
from app.evals.calibration import marking, queries, service
from app.evals.calibration.models import CalibrationSample
from app.evals.calibration.rules import Agreement
from app.evals.calibration.service import State
from app.evals.graded import item_of
from app.evals.graders import GraderSpec, parse_spec
from app.evals.models import EvalRun, Output
from app.evals.service import spec_of
from app.projects.access import Access
from app.web.charts import Axis, interval_mark
from app.web.forms import FormState
from app.web.grids import Confusion, confusion
from app.web.measures import Measure

KAPPA_AXIS = Axis(-1.0, 1.0)
TITLE = "Judges and people"


@dataclass(frozen=True)
class SampleRow:
    id: str
    grader: str
    run_number: int
    outputs: int
    marked: int  # by whoever looks
    state: State


@dataclass(frozen=True)
class ListPage:
    slug: str
    rows: Sequence[SampleRow]
    can_mark: bool
    title: str = TITLE


@dataclass(frozen=True)
class Apart:
    """An output of the part that the rubric may be written by, where judge and people differ."""

    request: str
    output: str
    people: str
    judge: str
    reason: str
    url: str


@dataclass(frozen=True)
class PersonRow:
    name: str
    marks: int
    saw_run: int
    seconds: float | None


@dataclass(frozen=True)
class SamplePage:
    slug: str
    sample: CalibrationSample
    run: EvalRun
    state: State
    bound: float
    measures: Sequence[Measure]
    grid: Confusion | None
    apart: Sequence[Apart]
    people: Sequence[PersonRow]
    parts: dict[str, int]
    judges: int
    mine: marking.Progress
    can_mark: bool
    can_change: bool
    form: FormState = field(default_factory=FormState)

    @property
    def title(self) -> str:
        return f"{self.sample.grader}: judge and people"


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    key: str | None
    kind: str


@dataclass(frozen=True)
class MarkPage:
    slug: str
    sample: CalibrationSample
    case: TestCase | None
    output: Output | None
    messages: Sequence[dict[str, Any]]
    expected: Sequence[tuple[str, str]]
    choices: Sequence[Choice]
    progress: marking.Progress
    title: str = "Mark outputs"


def listed(session: Session, access: Access) -> ListPage:
    found = queries.listed(session, access.project.id, access.user.id)
    states: dict[str, State] = {}
    for sample, _, _, _ in found:
        if sample.grader not in states:
            states[sample.grader] = service.state(session, access.project.id, spec(session, sample))
    rows = [
        SampleRow(sample.id, sample.grader, number, outputs, mine, states[sample.grader])
        for sample, number, outputs, mine in found
    ]
    return ListPage(access.project.slug, rows, access.can("annotator"))


def spec(session: Session, sample: CalibrationSample) -> GraderSpec:
    """The judge as it is now: its newest saved version, else as the newest run has it."""
    saved = next((g for g in evals.saved_graders(session, sample.project_id) if g.name == sample.grader), None)
    if saved:
        return spec_of(saved)
    return parse_spec(queries.newest_snapshot(session, sample.project_id, sample.grader) or {})


def one(session: Session, access: Access, sample: CalibrationSample, form: FormState | None = None) -> SamplePage:
    judge = service.settled(session, access.project.id, spec(session, sample))
    state = service.state(session, access.project.id, judge)
    found, _ = service.measured(session, access.project.id, judge)
    engineer = access.can("engineer")
    return SamplePage(
        slug=access.project.slug,
        sample=sample,
        run=session.get_one(EvalRun, sample.run_id),
        state=state,
        bound=access.project.judge_bound,
        measures=_measures(session, sample, found),
        grid=confusion(found.choices, found.counts) if found.n else None,
        apart=_apart(session, access, sample, judge) if engineer else (),
        people=[PersonRow(*row) for row in queries.people(session, sample.id)],
        parts=queries.part_sizes(session, sample.id),
        judges=queries.judges_measured(session, sample.id),
        mine=marking.progress(session, sample, access.user.id),
        can_mark=access.can("annotator"),
        can_change=engineer,
        form=form or FormState(),
    )


def _measures(session: Session, sample: CalibrationSample, found: Agreement) -> list[Measure]:
    rows = []
    if found.n:
        rows = [
            _measure("Kappa, judge and people", found.kappa, "agreement beyond chance; 1 is perfect, 0 is chance"),
            _measure("Same verdict", found.same, "share of outputs, 0 to 1"),
        ]
    among = krippendorff_alpha(queries.ratings(session, sample.id))
    if among.n:
        note = "Krippendorff's alpha: what a judge can be expected to reach at most"
        rows.append(_measure("People among themselves", among, note))
    return rows


def _measure(label: str, found: Estimate, note: str) -> Measure:
    known = found.low is not None and found.high is not None
    interval = f"{found.low:.2f} to {found.high:.2f}".replace("-", "−") if known else "no interval"
    mark = interval_mark(KAPPA_AXIS, found.low, found.value, found.high)
    return Measure(label, _number(found.value), interval, found.n, mark, note)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _apart(session: Session, access: Access, sample: CalibrationSample, judge: GraderSpec) -> list[Apart]:
    base = f"/p/{access.project.slug}/runs/{sample.run_id}/outputs/"
    rows, _ = service.compared(session, judge, queries.marked(session, [sample.id], "rubric"))
    return [
        Apart(
            str(item_of(row.marked.case).get("input", "")),
            row.marked.output.text or "",
            row.people,
            row.judge,
            row.reason,
            base + row.marked.output.id,
        )
        for row in rows
        if row.people and row.judge and row.people != row.judge
    ]


def mark_page(session: Session, access: Access, sample: CalibrationSample) -> MarkPage:
    found = marking.next_one(session, sample, access.user.id)
    case, output = found if found else (None, None)
    messages = [m for m in case.messages if m.get("content")] if case else []
    if messages and messages[-1].get("role") == "assistant":
        messages.pop()  # the expected answer
    expected = [(k, v) for k, v in (case.expected if case else {}).items() if isinstance(v, str) and v]
    progress = marking.progress(session, sample, access.user.id)
    choices = [_choice(number, str(value)) for number, value in enumerate(sample.choices, 1)]
    return MarkPage(access.project.slug, sample, case, output, messages, expected, choices, progress)


def _choice(number: int, value: str) -> Choice:
    """Pass and fail have the keys that approve and reject have in review; labels their numbers."""
    if value in ("pass", "fail"):
        return Choice(value, value.capitalize(), {"pass": "a", "fail": "x"}[value], "")
    return Choice(value, value, str(number) if number < 10 else None, "")
