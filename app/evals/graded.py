"""Grades as rows: of the outputs that came back meanwhile, and all of a run read back."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.evals import retrieved
from app.evals.graders import Grade as Given
from app.evals.graders import GraderSpec, Sample, case_item, grade
from app.evals.models import Grade, Output

BATCH = 1_000
PROBLEMS = {"truncated": "cut short before its end", "failed": "the call failed"}
# Two workers may grade the same output, the one that lost the run and the one that took it over: alike
PUT = text("""
insert into grades (output_id, grader, metric, score, passed, reason, detail)
select * from jsonb_to_recordset(cast(:rows as jsonb)) as x(output_id uuid, grader text, metric text,
  score double precision, passed boolean, reason text, detail jsonb)
on conflict do nothing
""")
Grades = Mapping[str, Given]  # by grader


def put(session: Session, graded: Sequence[tuple[Output, GraderSpec, Given]]) -> None:
    rows = [_row(*one) for one in graded]
    for start in range(0, len(rows), BATCH):
        dumped = orjson.dumps(rows[start : start + BATCH], option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
        session.execute(PUT, {"rows": dumped.decode()})


def forget(session: Session, run_id: str) -> None:
    session.execute(delete(Grade).where(Grade.output_id.in_(select(Output.id).where(Output.run_id == run_id))))


def of_run(session: Session, run_id: str) -> Mapping[str, Grades]:
    """By output."""
    columns = (Grade.output_id, Grade.grader, Grade.score, Grade.passed, Grade.reason, Grade.detail)
    found: dict[str, dict[str, Given]] = {}
    rows = session.execute(select(*columns).join(Output, Output.id == Grade.output_id).where(Output.run_id == run_id))
    for output_id, grader, *given in rows:
        found.setdefault(output_id, {})[grader] = Given(*given)
    return found


def grade_after(
    session: Session, run_id: str, specs: Sequence[GraderSpec], after: str | None, limit: int
) -> str | None:
    """Grade the run's outputs that come after this one, by id. Answers the last, or ``after``."""
    query = select(Output, TestCase).join(TestCase, TestCase.id == Output.case_id).where(Output.run_id == run_id)
    if after is not None:
        query = query.where(Output.id > after)
    rows = session.execute(query.order_by(Output.id).limit(limit)).all()
    found = retrieved.sources(session, run_id, [case.id for _output, case in rows])
    graded = []
    for output, case in rows:
        item, sample = item_of(case, found.get(case.id)), sample_of(output)
        graded += [(output, spec, grade(spec, item, sample)) for spec in specs]
    put(session, graded)
    return rows[-1][0].id if rows else after


def item_of(case: TestCase, found: retrieved.Sources | None = None) -> dict[str, Any]:
    """A stored case as graders take it; ``found``: what was retrieved for it, where the candidate searches."""
    item = case_item(
        {
            "messages": case.messages,
            "tools": case.tools,
            "expected": case.expected,
            "behavior": case.behavior,
            "tags": case.tags,
            "metadata": case.extra,
        }
    )
    return item if found is None else item | {"retrieved": found}


def sample_of(output: Output) -> Sample:
    problem = PROBLEMS.get(output.status)
    if problem and output.error:
        problem = f"{problem}: {output.error}"
    return Sample(output.text, output.tool_calls or (), problem=problem)


def _row(output: Output, spec: GraderSpec, given: Given) -> dict[str, Any]:
    return {
        "output_id": output.id,
        "grader": spec.name,
        "metric": spec.metric,
        "score": given.score,
        "passed": given.passed,
        "reason": given.reason,
        "detail": given.detail,
    }
