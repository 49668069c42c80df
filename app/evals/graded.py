"""Grades as rows, and those of outputs that came back a moment ago."""

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
from app.evals.runner.asking import Case

BATCH = 1_000
PROBLEMS = {"truncated": "cut short before its end", "failed": "the call failed"}
# Two workers may grade the same output, the one that lost the run and the one that took it over: alike. What was erased
# after the worker had it in memory is left out: the end of the run grades what stands there then.
PUT = text("""
insert into grades (output_id, grader, metric, score, passed, reason, detail)
select x.* from jsonb_to_recordset(cast(:rows as jsonb)) as x(output_id uuid, grader text, metric text,
  score double precision, passed boolean, reason text, detail jsonb)
where :all or exists (select from outputs o where o.id = x.output_id and o.text is distinct from '[erased]')
on conflict do nothing
""")


def put(session: Session, graded: Sequence[tuple[str, GraderSpec, Given]], *, from_memory: bool = False) -> None:
    """``graded``: (output, grader, its grade)."""
    rows = [_row(*one) for one in graded]
    for start in range(0, len(rows), BATCH):
        dumped = orjson.dumps(rows[start : start + BATCH], option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
        session.execute(PUT, {"rows": dumped.decode(), "all": not from_memory})


def forget(session: Session, run_id: str) -> None:
    session.execute(delete(Grade).where(Grade.output_id.in_(select(Output.id).where(Output.run_id == run_id))))


def grade_stored(
    session: Session,
    run_id: str,
    specs: Sequence[GraderSpec],
    came: Sequence[tuple[Mapping[str, Any], Case]],
    searches: bool,
) -> None:
    """Grade outputs of a run that were stored a moment ago: their rows, each with its case."""
    found = retrieved.sources(session, run_id, [case.id for _row, case in came]) if searches else {}
    given = []
    for row, case in came:
        item = item_of(case, found.get(case.id))
        sample = _sample(row["status"], row.get("error"), row.get("text"), row.get("tool_calls"))
        given += [(row["id"], spec, grade(spec, item, sample)) for spec in specs]
    put(session, given, from_memory=True)


def item_of(case: TestCase | Case, found: retrieved.Sources | None = None) -> dict[str, Any]:
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
    return _sample(output.status, output.error, output.text, output.tool_calls)


def _sample(status: str, error: str | None, said: str | None, tool_calls: list[Any] | None) -> Sample:
    problem = PROBLEMS.get(status)
    if problem and error:
        problem = f"{problem}: {error}"
    return Sample(said, tool_calls or (), problem=problem)


def _row(output_id: str, spec: GraderSpec, given: Given) -> dict[str, Any]:
    return {
        "output_id": output_id,
        "grader": spec.name,
        "metric": spec.metric,
        "score": given.score,
        "passed": given.passed,
        "reason": given.reason,
        "detail": given.detail,
    }
