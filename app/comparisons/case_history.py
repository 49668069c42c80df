"""One case over all runs: what each candidate answered, and how that was graded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.comparisons import queries
from app.comparisons.case_cards import STATUS, GradeLine, expected, grade_lines
from app.core.errors import NotFound
from app.core.ids import is_id
from app.datasets import queries as datasets
from app.datasets.pages import Message, message
from app.evals import blind
from app.evals import queries as evals
from app.projects.access import Access

LONGEST = 2_000  # characters of an output; the rest is on the output's own page


@dataclass(frozen=True)
class Answered:
    run: int
    run_url: str
    url: str
    name: str
    at: datetime
    text: str
    cut: bool
    problem: str | None
    verdict: str
    tone: str
    grades: Sequence[GradeLine]


@dataclass(frozen=True)
class HistoryPage:
    slug: str
    title: str
    answer: str
    turns: Sequence[Message]
    expected: Sequence[tuple[str, str]]
    answers: Sequence[Answered]


def build(session: Session, access: Access, case_id: str) -> HistoryPage:
    """Newest run first, the first repeat of each. Who reads it knows whose is whose: that is remembered. NotFound for a
    case of elsewhere."""
    case = queries.case_of(session, access.project.id, case_id) if is_id(case_id) else None
    if case is None:
        raise NotFound("This case")
    rows = queries.answers_to(session, case.id, access.user.id)
    given = evals.grades(session, [output.id for _run, output, _name in rows])
    for run, _output, _name in rows:
        blind.saw_outputs(session, access.user.id, run.id)
        datasets.note_access(session, case.test_set_id, "viewed", user_id=access.user.id, run_id=run.id)
    answers = []
    for run, output, name in rows:
        text, base = output.text or "", f"/p/{access.project.slug}/runs/{run.id}"
        grades = grade_lines(given[output.id])
        ok = output.status == "complete" and bool(grades) and all(line.tone != "bad" for line in grades)
        answers.append(
            Answered(
                run=run.number,
                run_url=base,
                url=f"{base}/outputs/{output.id}",
                name=name,
                at=run.finished_at or run.created_at,
                text=text[:LONGEST],
                cut=len(text) > LONGEST,
                problem=STATUS.get(output.status),
                verdict="passed" if ok else "not passed",
                tone="good" if ok else "bad",
                grades=grades,
            )
        )
    passed = sum(one.tone == "good" for one in answers)
    return HistoryPage(
        slug=access.project.slug,
        title=f"Case {case.position}",
        answer=f"Passed by all graders in {passed} of {len(answers)} runs."
        if answers
        else "No run has answered it yet.",
        turns=[message(one) for one in case.messages],
        expected=expected(case, case.behavior),
        answers=answers,
    )
