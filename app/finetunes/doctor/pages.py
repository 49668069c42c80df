"""Typed contexts of the doctor's page and of its line on the fine-tune's own page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.checks.spans import Segment, in_context
from app.examples.rules import answer_index, prompt, text_of
from app.finetunes.doctor import queries, service
from app.finetunes.doctor.findings import LABELS, Finding, Measure
from app.finetunes.doctor.findings import Row as Evidence
from app.finetunes.doctor.fixes import Fix, Launched, fixes
from app.finetunes.doctor.models import Examination
from app.finetunes.models import FineTune
from app.projects.access import Access
from app.web.charts import RATE_AXIS, IntervalMark, difference_axis, interval_mark
from app.web.words import percent, points

LONGEST = 600  # characters of a text; the rest stands on the case's and the example's own pages
STATES = {"found": "found", "not_found": "not found", "cannot_tell": "cannot tell"}
TONES = {"found": "bad", "not_found": "good", "cannot_tell": "warn"}


@dataclass(frozen=True)
class Figure:
    label: str
    note: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None


@dataclass(frozen=True)
class Example:
    number: int
    url: str
    request: str
    answer: str


@dataclass(frozen=True)
class Case:
    """One row of evidence, with the texts as they stand today: what was erased meanwhile is not here either."""

    words: str
    request: str
    segments: Sequence[Segment]
    expected: str
    case_url: str
    output_url: str
    examples: Sequence[Example]
    passage: str
    passage_from: str
    passage_url: str


@dataclass(frozen=True)
class Mode:
    key: str
    label: str
    word: str
    tone: str
    sentence: str
    missing: str
    figures: Sequence[Figure]
    beside: Sequence[str]
    cases: Sequence[Case]
    fixes: Sequence[Fix]
    training: int  # examples that its fix is about


@dataclass(frozen=True)
class DoctorPage:
    slug: str
    fine_tune: FineTune
    headline: str
    tone: str
    modes: Sequence[Mode]
    rests_on: Sequence[tuple[str, str]]  # (words, url) of runs
    examined_at: datetime | None
    error: str | None
    under_way: bool
    stale: bool
    can_ask: bool
    runs: Sequence[str] = field(default=())

    @property
    def title(self) -> str:
        return f"Doctor: fine-tune {self.fine_tune.number}"


@dataclass(frozen=True)
class Line:
    """``headline`` None: to this reader nothing is said (a voter, or nothing to look at yet)."""

    url: str
    headline: str | None
    tone: str
    under_way: bool
    stale: bool
    title: str = "Doctor"


def line(session: Session, access: Access, fine_tune: FineTune) -> Line:
    url = f"/p/{access.project.slug}/fine-tunes/{fine_tune.id}/doctor"
    found = service.standing(session, fine_tune)
    if found.row is None or queries.votes_blind(session, access.user.id, run_ids(found.row)):
        return Line(url, None, "neutral", found.open is not None, False)
    return Line(url, found.headline, tone(found.findings), found.open is not None, found.stale)


def doctor(session: Session, access: Access, fine_tune: FineTune) -> DoctorPage:
    found = service.standing(session, fine_tune)
    latest = queries.latest(session, fine_tune.id)
    base = f"/p/{access.project.slug}"
    ids = run_ids(found.row) if found.row else []
    texts = _Texts(session, fine_tune, found.row, found.findings, base)
    launched = Launched(
        base, fine_tune.id, fine_tune.method, fine_tune.settled_hyperparameters or fine_tune.hyperparameters
    )
    return DoctorPage(
        slug=access.project.slug,
        fine_tune=fine_tune,
        headline=found.headline if found.row else "Not examined yet.",
        tone=tone(found.findings) if found.row else "neutral",
        modes=[_mode(one, texts, launched) for one in found.findings],
        rests_on=[(f"run {run.number}", f"{base}/runs/{run.id}") for run in texts.runs.values()],
        examined_at=found.row.finished_at if found.row else None,
        error=latest.error if latest and latest.status == "failed" else None,
        under_way=found.open is not None,
        stale=found.row is not None and found.stale,
        can_ask=access.can("engineer") and fine_tune.candidate_id is not None,
        runs=ids,
    )


def run_ids(row: Examination) -> list[str]:
    return [pair[side] for pair in row.basis for side in ("base_run", "tuned_run")]


def tone(findings: Sequence[Finding]) -> str:
    states = {one.state for one in findings}
    return "bad" if "found" in states else "good" if states == {"not_found"} else "warn"


def _mode(one: Finding, texts: "_Texts", launched: Launched) -> Mode:
    return Mode(
        key=one.mode,
        label=LABELS[one.mode],
        word=STATES[one.state],
        tone=TONES[one.state],
        sentence=one.sentence,
        missing=one.missing,
        figures=[_figure(measure) for measure in one.measures if measure.value is not None],
        beside=one.beside,
        cases=[case for row in one.rows if (case := texts.case(row))],
        fixes=fixes(one, launched) if one.state == "found" else (),
        training=len(one.training),
    )


def _figure(one: Measure) -> Figure:
    shown = percent if one.unit == "share" else points
    axis = RATE_AXIS if one.unit == "share" else difference_axis([one.low, one.high])
    interval = f"{shown(one.low)} to {shown(one.high)}" if one.low is not None else "no interval"
    bound = f"Bound: {percent(one.bound)}. " if one.bound and one.unit == "share" else ""
    value = shown(one.value) + (" points" if one.unit == "points" else "")
    return Figure(one.label, bound + one.why, value, interval, one.n, interval_mark(axis, one.low, one.value, one.high))


class _Texts:
    """What the rows of evidence name, read in one query a table."""

    def __init__(
        self,
        session: Session,
        fine_tune: FineTune,
        row: Examination | None,
        findings: Sequence[Finding],
        base: str,
    ) -> None:
        rows = [one for finding in findings for one in finding.rows]
        self._base = base
        self.runs = queries.runs(session, run_ids(row) if row else [])
        self._outputs = queries.shown_outputs(session, [one.output_id for one in rows])
        self._cases = queries.shown_cases(session, [one.case_id for one in rows])
        ids = [example for one in rows for example in one.examples]
        self._examples = queries.shown_examples(session, fine_tune.dataset_version_id, ids)
        self._passages = queries.shown_passages(session, [one.passage_id for one in rows if one.passage_id])

    def case(self, row: Evidence) -> Case | None:
        case, output = self._cases.get(row.case_id), self._outputs.get(row.output_id)
        if case is None or output is None:
            return None
        passage = self._passages.get(row.passage_id or "")
        return Case(
            words=row.words,
            request=_short(_asked(case.messages)),
            segments=_marked(output.text or "", row.spans),
            expected=_short(str(case.expected.get("text") or case.expected.get("label") or case.behavior or "")),
            case_url=f"{self._base}/compare/cases/{case.id}",
            output_url=f"{self._base}/runs/{output.run_id}/outputs/{output.id}",
            examples=[self._example(one) for one in row.examples if one in self._examples],
            passage=_short(passage.text) if passage else "",
            passage_from=f"{passage.name}, {passage.dated:%-d %b %Y}" if passage else "",
            passage_url=f"{self._base}/knowledge/{passage[4]}/documents/{passage[5]}" if passage else "",
        )

    def _example(self, example_id: str) -> Example:
        row = self._examples[example_id]
        index = answer_index(row.messages)
        answer = text_of(row.messages[index].get("content")) if index is not None else ""
        url = f"{self._base}/examples/{example_id}"
        return Example(row.number, url, _short(_asked(prompt(row.messages))), _short(answer))


def _asked(messages: Sequence[Mapping[str, Any]]) -> str:
    asked = next((one for one in reversed(messages) if one.get("role") == "user"), None)
    return text_of(asked.get("content")) if asked else ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> list[Segment]:
    """The text with its spans marked; a long one around the first span."""
    inside = sorted((start, stop) for start, stop in spans if 0 <= start < stop <= len(text))
    if len(text) > 2 * LONGEST:
        start, stop = inside[0] if inside else (None, None)
        return in_context(text, start, stop, "evidence", around=LONGEST // 2)
    found: list[Segment] = []
    at = 0
    for start, stop in inside:
        if start >= at:
            found += [Segment(text[at:start]), Segment(text[start:stop], "evidence")]
            at = stop
    return [one for one in (*found, Segment(text[at:])) if one.text]
