"""Typed contexts of the eval pages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.candidates.knowledge.rules import Found, cited
from app.core.clock import utcnow
from app.core.instructions import in_words, readable
from app.datasets import queries as datasets
from app.datasets.models import TestCase
from app.evals import behaviors, breakdown_view, calls, instructions_view, queries, retrieved
from app.evals.behaviors import BehaviorView
from app.evals.breakdown_view import BreakdownView
from app.evals.calibration.queries import unmarked
from app.evals.calibration.service import State, states
from app.evals.calls import Unknown
from app.evals.catalogue import METRICS
from app.evals.forms import OutputFilter
from app.evals.instructions_view import InstructionsView
from app.evals.judges.panel import JudgePanel, panel
from app.evals.marked import Segment, segments
from app.evals.models import EvalRun, Grade, Output
from app.projects.access import Access
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.forms import FormState
from app.web.snippets import Snippet, call
from app.web.words import milliseconds, money, percent

LIVE = ("queued", "running")
ENDED = ("succeeded", "failed", "cancelled")
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


@dataclass(frozen=True)
class MetricRow:
    key: str
    label: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    note: str


@dataclass(frozen=True)
class OutputRow:
    id: str
    request: str
    expected: str
    text: str
    status: str
    repeat: int
    latency: str
    grades: Sequence[Grade]
    verdict: str  # passed | failed | not graded


@dataclass(frozen=True)
class Standing:
    """How far a run is and what may be done about it: the part that is fetched again each second."""

    slug: str
    run: EvalRun
    unknown: Unknown
    eta: float | None  # seconds
    failed: int  # outputs whose call failed
    can_change: bool

    @property
    def title(self) -> str:
        return f"Run {self.run.number}"

    @property
    def live(self) -> bool:
        return self.run.status in LIVE


@dataclass(frozen=True)
class RunPage(Standing):
    candidate: str
    candidate_id: str
    uploaded: bool
    test_set: str
    test_set_id: str
    uses: int
    metrics: Sequence[MetricRow]
    behaviors: BehaviorView | None
    judges: JudgePanel | None
    instructions: InstructionsView | None
    breakdown: BreakdownView | None
    counts: dict[str, int]
    outputs: Sequence[OutputRow]
    older: str | None
    wanted: OutputFilter
    tags: Sequence[str]
    graders: str  # JSON, for grading again
    snippets: Sequence[Snippet]
    form: FormState

    @property
    def filtered(self) -> bool:
        return any((self.wanted.outcome, self.wanted.status, self.wanted.behavior, self.wanted.tag))


@dataclass(frozen=True)
class OutputPage:
    slug: str
    run: EvalRun
    case: TestCase
    output: Output
    grades: Sequence[Grade]
    expected: Sequence[tuple[str, str]]
    judges: dict[str, State]  # by the name of the grader
    segments: Sequence[Segment]  # of the text, where a grader marks claims in it
    repeats: Sequence[tuple[str, int, bool]]  # (output, its number, this one) of a case that was asked several times
    retrieved: Sequence[Found] | None  # None: the candidate searches nothing
    search_ms: float | None

    @property
    def cited(self) -> Sequence[int]:
        return cited(self.output.text or "")

    @property
    def retrieved_aside(self) -> str:
        """How much of what was given the answer cites, and what it cites beside that."""
        given = len(self.retrieved or ())
        unknown = [f"[{number}]" for number in self.cited if number > given]
        beside = f"; it also cites {', '.join(unknown[:5])}, never given" if unknown else ""
        return f"{len(self.cited) - len(unknown)} of {given} cited{beside}"

    @property
    def title(self) -> str:
        return f"Case {self.case.position} of run {self.run.number}"


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


def standing(session: Session, access: Access, run: EvalRun) -> Standing:
    failed = 0 if run.status in LIVE else queries.outcome_counts(session, run.id)["failed"]
    unknown = calls.unknown(session, run.id)
    return Standing(access.project.slug, run, unknown, eta(run), failed, access.can("engineer"))


def one(session: Session, access: Access, run: EvalRun, wanted: OutputFilter, form: FormState | None = None) -> RunPage:
    candidate = candidates.get(session, access.project.id, run.candidate_id)
    test_set = datasets.find_set(session, access.project.id, run.test_set_id)
    found = queries.outputs(session, run.id, wanted, cursor=wanted.cursor, limit=PAGE)
    grades = shown_grades(session, access, run, [output.id for _case, output in found.items])
    counts = queries.outcome_counts(session, run.id)
    return RunPage(
        slug=access.project.slug,
        run=run,
        candidate=candidate.name,
        candidate_id=candidate.id,
        uploaded=candidate.origin == "upload",
        test_set=test_set.name if test_set else "",
        test_set_id=run.test_set_id,
        uses=datasets.uses(session, run.test_set_id),
        metrics=[metric_row(m) for m in run.metrics or [] if m["key"] in METRICS],
        behaviors=behaviors.view(session, run.id) if run.metrics else None,
        judges=panel(session, run, access.user.id) if run.metrics else None,
        instructions=instructions_view.view(run.metrics or []),
        breakdown=breakdown_view.view(session, access.project.slug, run),
        counts=counts,
        failed=counts["failed"],
        unknown=calls.unknown(session, run.id),
        eta=eta(run),
        outputs=[output_row(case, output, grades[output.id]) for case, output in found.items],
        older=found.next_cursor,
        wanted=wanted,
        tags=queries.tags(session, run.test_set_id),
        snippets=snippets_of(access.project.slug, run, candidate.origin == "upload"),
        graders=json.dumps([grader_object(g) for g in run.graders], indent=2, ensure_ascii=False),
        form=form or FormState(),
        can_change=access.can("engineer"),
    )


def shown_grades(session: Session, access: Access, run: EvalRun, output_ids: Sequence[str]) -> dict[str, list[Grade]]:
    """Grades by output, without what judges say of outputs that this person is still to mark blind."""
    found = queries.grades(session, output_ids)
    hidden = unmarked(session, run.id, access.user.id) if access.can("annotator") else set()
    for output_id in hidden & found.keys():
        found[output_id] = [grade for grade in found[output_id] if "judge" not in grade.detail]
    return found


def grader_object(snapshot: dict[str, Any]) -> dict[str, Any]:
    """A grader of a run as it may be given again: its definition, with what it counts for and which version it is."""
    kept = {name: snapshot[name] for name in ("metric", "pass_threshold", "version") if snapshot.get(name) is not None}
    return {"name": snapshot["name"], "definition": snapshot["definition"], **kept}


def snippets_of(slug: str, run: EvalRun, uploaded: bool) -> list[Snippet]:
    """To read the run, and to start the same one again where its candidate can be asked."""
    path = f"/api/v1/projects/{slug}/eval-runs"
    found = call(f"{path}/{run.id}", "answer['status'], answer['metrics']", what="read it")
    found += call(f"{path}/{run.id}/outputs", "[one['text'] for one in answer['items']]", what="its outputs")
    if uploaded:
        return found
    body = {name: getattr(run, name) for name in ("candidate_id", "test_set_id", "concurrency", "repeats")}
    body["graders"] = [grader_object(grader) for grader in run.graders]
    return found + call(path, "answer['id'], answer['status']", body, "start the same again")


def eta(run: EvalRun) -> float | None:
    """Seconds until the end at the pace so far; None before anything has come back."""
    if run.status != "running" or run.started_at is None or not run.done:
        return None
    return (utcnow() - run.started_at).total_seconds() / run.done * (run.total - run.done)


def shown(metric: dict[str, Any]) -> str:
    write = {"ms": milliseconds, "usd": money}.get(METRICS[metric["key"]].unit, percent)
    return write(metric["value"])


def metric_row(metric: dict[str, Any]) -> MetricRow:
    """A stored metric as the table shows it."""
    kind = METRICS[metric["key"]]
    write = {"ms": milliseconds, "usd": money}.get(kind.unit, percent)
    low, high = metric.get("interval") or (None, None)
    interval = "no interval" if low is None and high is None else f"{write(low)} to {write(high)}"
    mark = interval_mark(RATE_AXIS, low, metric["value"], high) if kind.unit == "share" else None
    left_out = metric.get("not_gradable") or 0
    note = f"{left_out} more could not be graded" if left_out else "" if kind.higher_is_better else "lower is better"
    return MetricRow(metric["key"], kind.label, write(metric["value"]), interval, metric["n"], mark, note)


def output_row(case: TestCase, output: Output, grades: Sequence[Grade]) -> OutputRow:
    asked = next((m for m in reversed(case.messages) if m.get("role") == "user"), {"content": ""})
    verdict = "not graded" if not grades else "passed" if all(g.passed for g in grades) else "failed"
    return OutputRow(
        output.id,
        _text(asked.get("content")),
        str(case.expected.get("label") or case.expected.get("text") or in_words(case.expected) or case.behavior or ""),
        output.text or output.error or "",
        output.status,
        output.repeat,
        milliseconds(output.latency_ms),
        grades,
        verdict,
    )


def output_page(session: Session, access: Access, run: EvalRun, output_id: str) -> OutputPage:
    case, output = queries.output(session, run.id, output_id)
    expected = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in readable(case.expected).items()
        if value is not None
    ]
    if case.behavior and "behavior" not in case.expected:
        expected.append(("behavior", case.behavior))
    grades = shown_grades(session, access, run, [output.id])[output.id]
    found, took = retrieved.of_case(session, run.id, case.id)
    repeats = queries.repeats_of(session, run.id, case.id) if run.repeats > 1 else ()
    return OutputPage(
        access.project.slug,
        run,
        case,
        output,
        grades,
        expected,
        judge_states(session, run, grades),
        segments(output.text, [grade.detail for grade in grades]),
        [(row[0], row[1] + 1, row[0] == output.id) for row in repeats],
        found,
        took,
    )


def judge_states(session: Session, run: EvalRun, grades: Sequence[Grade]) -> dict[str, State]:
    return states(session, run) if any("judge" in grade.detail for grade in grades) else {}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
