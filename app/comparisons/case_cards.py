"""One case of a comparison as the page shows it: the request, what was expected, both answers and their grades."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.comparisons import wording
from app.comparisons.cases import ShownCase, Side
from app.comparisons.service import Compared
from app.core.instructions import readable
from app.datasets.models import TestCase
from app.datasets.pages import Message, message
from app.evals.models import Grade
from app.examples.rules import text_of

LONGEST = 4_000  # characters of an output; the rest is on the output's own page
STATUS = {"truncated": "cut short before its end", "failed": "the call failed"}


@dataclass(frozen=True)
class GradeLine:
    grader: str
    word: str
    tone: str
    reason: str


@dataclass(frozen=True)
class SideCard:
    """``problem``: why the output is not whole, or that there is none."""

    name: str
    run: int
    url: str
    verdict: str
    tone: str
    text: str
    cut: bool
    tool_calls: Sequence[Any]
    problem: str | None
    grades: Sequence[GradeLine]


@dataclass(frozen=True)
class CaseCard:
    number: int
    history: str
    test_set: str
    request: str
    turns: Sequence[Message]  # the whole conversation, where it is more than the request
    expected: Sequence[tuple[str, str]]
    tags: Sequence[str]
    sides: tuple[SideCard, SideCard]


def card(shown: ShownCase, found: Compared, slug: str) -> CaseCard:
    sets = {pair.test_set.id: pair.test_set.name for pair in found.pairs}
    asked: dict[str, Any] = next((m for m in reversed(shown.case.messages) if m.get("role") == "user"), {})
    return CaseCard(
        number=shown.row.position,
        history=f"/p/{slug}/compare/cases/{shown.row.id}",
        test_set=sets[shown.case.test_set_id] if len(sets) > 1 else "",
        request=text_of(asked.get("content")),
        turns=[message(m) for m in shown.case.messages] if len(shown.case.messages) > 1 else [],
        expected=expected(shown.case, shown.row.behavior),
        tags=shown.case.tags,
        sides=(
            _side(found.sides.baseline.name, shown.baseline, slug),
            _side(found.sides.candidate.name, shown.candidate, slug),
        ),
    )


def expected(case: TestCase, behavior: str | None) -> list[tuple[str, str]]:
    """The label and the behaviour in one line, then the answer: its text, or what else stands for it."""
    wanted = readable(case.expected)
    short = " · ".join(str(part) for part in (wanted.get("label"), behavior) if part)
    answer = next((wanted[name] for name in ("text", "json", "tool_calls", "instructions") if wanted.get(name)), "")
    said = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return [(term, text) for term, text in (("Expected", short), ("Expected answer", said)) if text]


def _side(name: str, side: Side, slug: str) -> SideCard:
    """The first repeat stands for all; the verdict is of all."""
    run_url = f"/p/{slug}/runs/{side.run.id}"
    verdict = wording.passed(side.share, side.run.repeats)
    tone = "good" if side.share > 0.5 else "bad"
    if not side.outputs:
        missing = "No output: a missing one is not passed."
        return SideCard(name, side.run.number, run_url, verdict, tone, "", False, (), missing, ())
    output = side.outputs[0]
    text = output.text or ""
    problem = STATUS.get(output.status)
    if problem and output.error:
        problem = f"{problem}: {output.error}"
    return SideCard(
        name=name,
        run=side.run.number,
        url=f"{run_url}/outputs/{output.id}",
        verdict=verdict,
        tone=tone,
        text=text[:LONGEST],
        cut=len(text) > LONGEST,
        tool_calls=output.tool_calls or (),
        problem=problem,
        grades=grade_lines(side.grades[output.id]),
    )


def grade_lines(grades: Sequence[Grade]) -> list[GradeLine]:
    """What failed stands first."""
    return sorted(map(_grade, grades), key=lambda line: line.tone != "bad")


def _grade(grade: Grade) -> GradeLine:
    if grade.passed is None:
        return GradeLine(grade.grader, "not gradable", "neutral", grade.reason)
    return GradeLine(grade.grader, *(("pass", "good") if grade.passed else ("fail", "bad")), grade.reason)
