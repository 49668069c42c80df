"""Typed context of the failures: one to read and to decide, the others that match beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from app.comparisons import queries as comparisons
from app.comparisons.case_cards import GradeLine, expected, grade_lines
from app.datasets import queries as datasets
from app.datasets.models import TestCase
from app.datasets.pages import Message, message
from app.decisions.adviser import evidence, queries, service
from app.decisions.adviser.causes import CAUSES
from app.decisions.adviser.evidence import Failure
from app.decisions.adviser.forms import FailurePage as Asked
from app.evals import blind
from app.evals import queries as evals
from app.evals.models import Output
from app.examples.rules import text_of
from app.projects.access import Access
from app.web.forms import FormState
from app.web.words import plural

ROWS = 25
LONGEST = 8_000  # characters of an output; the rest is on the output's own page
STATES = (("proposed", "Proposed only"), ("confirmed", "Confirmed"), ("none", "Without a cause"))


@dataclass(frozen=True)
class Row:
    url: str
    number: int
    request: str
    cause: str
    state: str
    current: bool


@dataclass(frozen=True)
class Evidence:
    label: str
    words: str


@dataclass(frozen=True)
class Focus:
    """The case that is read. ``proposed``: what Enter confirms. ``place``: which of how many."""

    case_id: str
    number: int
    place: str
    request: str
    turns: Sequence[Message]
    expected: Sequence[tuple[str, str]]
    tags: Sequence[str]
    text: str
    problem: str
    tool_calls: Sequence[Any]
    output_url: str | None
    grades: Sequence[GradeLine]
    evidence: Sequence[Evidence]
    proposed: str | None
    confirmed: str | None
    confirmed_by: str
    earlier: bool
    previous: str | None
    next: str | None


@dataclass(frozen=True)
class FailuresPage:
    slug: str
    answer: str
    back: str
    closed: bool
    open_url: str
    focus: Focus | None
    rows: Sequence[Row]
    count: int
    open_count: int
    older: str | None
    newer: str | None
    filters: Mapping[str, str]
    run_id: str
    run_url: str
    tags: Sequence[str]
    graders: Sequence[str]
    changed: str | None
    can_undo: bool
    can_say: bool
    causes: Sequence[tuple[str, str]]
    choices: Sequence[tuple[str, str]]
    states: Sequence[tuple[str, str]] = STATES
    form: FormState = field(default_factory=FormState)
    title: str = "Why cases failed"

    @property
    def undo_fields(self) -> dict[str, str]:
        return {"run": self.run_id, **self.filters}


def failures(session: Session, access: Access, asked: Asked, form: FormState | None = None) -> FailuresPage:
    """Raises what ``service.choose`` raises. Who reads outputs is remembered: they cannot vote on this run."""
    chosen, found = service.look(session, access, asked)
    rows = service.matching(found.failures, asked)
    base, run = f"/p/{access.project.slug}/decide/adviser", chosen.run
    kept = {"run": run.id} | asked.cut
    closed = access.role == "annotator" and not asked.show and not comparisons.seen(session, access.user.id, [run.id])
    if rows and not closed:
        blind.saw_outputs(session, access.user.id, run.id)
        datasets.note_access(session, chosen.test_set.id, "viewed", user_id=access.user.id, run_id=run.id)
    place = _place(rows, asked.case)
    start = place // ROWS * ROWS

    def url(index: int) -> str | None:
        return f"{base}/failures?{urlencode(kept | {'case': rows[index].case_id})}" if 0 <= index < len(rows) else None

    shown = [] if closed else rows[start : start + ROWS]
    texts = queries.cases(session, [one.case_id for one in shown])
    return FailuresPage(
        slug=access.project.slug,
        answer=f"{plural(len(rows), 'failure')} of run {run.number} on “{chosen.test_set.name}”: what went wrong?",
        back=f"{base}?run={run.id}",
        closed=closed,
        open_url=f"{base}/failures?{urlencode(kept | {'show': 'true'})}",
        focus=_focus(session, access, run.id, rows, place, texts, url) if shown else None,
        rows=[_row(one, texts[one.case_id], str(url(start + n)), start + n == place) for n, one in enumerate(shown)],
        count=len(rows),
        open_count=sum(one.state == "proposed" for one in rows),
        older=url(start + ROWS),
        newer=url(start - ROWS),
        filters=asked.cut,
        run_id=run.id,
        run_url=f"/p/{access.project.slug}/runs/{run.id}",
        tags=sorted({tag for one in found.failures for tag in one.tags}),
        graders=sorted({name for one in found.failures for name in one.graders}),
        changed=asked.changed,
        can_undo=queries.last_change(session, access.project.id, access.user.id) is not None,
        can_say=access.can("annotator"),
        causes=[(cause, words.label) for cause, words in CAUSES.items()],
        choices=[*((cause, words.label) for cause, words in CAUSES.items()), ("none", "None yet")],
        form=form or FormState(),
    )


def _place(rows: Sequence[Failure], case_id: str | None) -> int:
    """The named case; left out or gone, the first that waits for a person."""
    named = next((n for n, one in enumerate(rows) if one.case_id == case_id), None)
    return named if named is not None else next((n for n, one in enumerate(rows) if one.state != "confirmed"), 0)


def _row(one: Failure, case: TestCase, url: str, current: bool) -> Row:
    label = CAUSES[one.cause].label if one.cause else ("no whole answer" if not one.answered else "none yet")
    return Row(url, one.position, request_of(case)[:160], label, one.state, current)


def request_of(case: TestCase) -> str:
    return next((text_of(m.get("content")) for m in reversed(case.messages) if m.get("role") == "user"), "")


def _focus(
    session: Session,
    access: Access,
    run_id: str,
    rows: Sequence[Failure],
    place: int,
    texts: Mapping[str, TestCase],
    url: Any,
) -> Focus:
    one = rows[place]
    case = texts[one.case_id]
    outputs = queries.outputs(session, run_id, [one.case_id]).get(one.case_id, [])
    output: Output | None = next((row for row in outputs if row.status == "complete"), outputs[0] if outputs else None)
    grades = evals.grades(session, [output.id])[output.id] if output else []
    said: evidence.Confirmed | None = one.confirmed
    proposed = one.proposal.cause
    return Focus(
        case_id=one.case_id,
        number=one.position,
        place=f"{place + 1} of {len(rows)}",
        request=request_of(case),
        turns=[message(m) for m in case.messages] if len(case.messages) > 1 else [],
        expected=expected(case, case.behavior),
        tags=case.tags,
        text=(output.text or "")[:LONGEST] if output else "",
        problem=_problem(output),
        tool_calls=output.tool_calls or () if output else (),
        output_url=f"/p/{access.project.slug}/runs/{run_id}/outputs/{output.id}" if output else None,
        grades=grade_lines(grades),
        evidence=[Evidence(CAUSES[signal.cause].label, signal.words) for signal in one.proposal.signals],
        proposed=CAUSES[proposed].label if proposed else None,
        confirmed=CAUSES[said.cause].label if said else None,
        confirmed_by=f"{said.who}, {said.at:%-d %b %Y}" if said else "",
        earlier=said is not None and said.run_id != run_id,
        previous=url(place - 1),
        next=url(place + 1),
    )


def _problem(output: Output | None) -> str:
    if output is None:
        return "No output came back: it says nothing of the model."
    if output.status == "complete":
        return ""
    return f"{'Cut short before its end' if output.status == 'truncated' else 'The call failed'}: {output.error or ''}"
