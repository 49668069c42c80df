"""What the grader form shows of a try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.candidates.rules import text_of
from app.datasets.models import TestCase
from app.evals import queries as evals
from app.evals.models import Output
from app.evals.tries import queries
from app.evals.tries.models import GraderTry
from app.projects.access import Access

LIVE = ("queued", "running")


@dataclass(frozen=True)
class TriedOutput:
    """``before``: passed, failed or not graded in the run; ``grade`` is None until it was graded."""

    id: str
    request: str
    text: str
    before: str
    grade: Mapping[str, Any] | None


@dataclass(frozen=True)
class TryView:
    id: str
    url: str
    run_url: str
    run_number: int
    status: str
    rows: Sequence[TriedOutput]
    calls: int
    estimate: float | None
    cost: float | None
    error: str | None
    turn: int
    unknown: int
    unknown_cost: float

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def passed(self) -> int:
        return sum(bool(row.grade and row.grade["passed"]) for row in self.rows)


def run_choices(session: Session, access: Access) -> list[tuple[str, str]]:
    found = queries.runs(session, access.project.id, access.user.id)
    return [(row[0], f"Run {row[1]}: {row[2]} on {row[3]}") for row in found]


def view(session: Session, access: Access, row: GraderTry) -> TryView:
    run = evals.run(session, access.project.id, row.run_id, access.user.id)
    before = queries.passed_before(session, row.output_ids)
    results = {result["output_id"]: result for result in row.results or []}
    words = {True: "passed", False: "failed", None: "not graded"}
    rows = [
        _row(case, output, words[before.get(output.id)], results.get(output.id))
        for case, output in queries.outputs(session, row.output_ids)
    ]
    base = f"/p/{access.project.slug}"
    return TryView(
        row.id,
        f"{base}/graders/tries/{row.id}",
        f"{base}/runs/{run.id}",
        run.number,
        row.status,
        rows,
        row.calls,
        row.estimate,
        row.cost,
        row.error,
        int(row.typed.get("turn", 0)),
        *queries.unknown(session, row.id),
    )


def _row(case: TestCase, output: Output, before: str, grade: Mapping[str, Any] | None) -> TriedOutput:
    asked = next((text_of(m.get("content")) for m in reversed(case.messages) if m.get("role") == "user"), "")
    return TriedOutput(output.id, asked, output.text or "", before, grade)
