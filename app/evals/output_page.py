"""Outputs as a run's page lists them, and the page of one: a case with what came back and its grades."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.candidates.knowledge.rules import Found, cited
from app.core.instructions import in_words, readable
from app.datasets.models import TestCase
from app.evals import queries, retrieved, reuses
from app.evals.calibration.queries import unmarked
from app.evals.calibration.service import State, states
from app.evals.marked import Segment, segments
from app.evals.models import EvalRun, Grade, Output
from app.evals.reuses import Origin
from app.projects.access import Access
from app.web.words import milliseconds


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
    reused: bool


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
    origin: Origin | None  # of an answer that was taken over from another run

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


def shown_grades(session: Session, access: Access, run: EvalRun, output_ids: Sequence[str]) -> dict[str, list[Grade]]:
    """Grades by output, without what judges say of outputs that this person is still to mark blind."""
    found = queries.grades(session, output_ids)
    hidden = unmarked(session, run.id, access.user.id) if access.can("annotator") else set()
    for output_id in hidden & found.keys():
        found[output_id] = [grade for grade in found[output_id] if "judge" not in grade.detail]
    return found


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
        output.reused_from is not None,
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
        reuses.origin(session, output),
    )


def judge_states(session: Session, run: EvalRun, grades: Sequence[Grade]) -> dict[str, State]:
    return states(session, run) if any("judge" in grade.detail for grade in grades) else {}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")
