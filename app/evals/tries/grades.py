"""The grades of a try: at once for rules, in the worker once judges have answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import utcnow
from app.core.db import transaction
from app.evals import graded, retrieved
from app.evals.graders import GraderSpec, grade, parse_spec
from app.evals.graders.judging import Judgement
from app.evals.judges.queries import ByJudge
from app.evals.runner.errors import LeaseLost
from app.evals.tries import queries
from app.evals.tries.models import GraderTry


def grade_now(session: Session, row: GraderTry) -> None:
    """Store a grade for each output and end the try."""
    spec, said = parse_spec(row.grader), judgements_of(parse_spec(row.grader), row)
    rows = queries.outputs(session, row.output_ids)
    found = retrieved.sources(session, row.run_id, [case.id for case, _output in rows])
    row.results = [
        {"output_id": output.id}
        | _told(grade(spec, graded.item_of(case, found.get(case.id)), graded.sample_of(output), said.get(output.id)))
        for case, output in rows
    ]
    row.status, row.finished_at = "succeeded", utcnow()


def finish(try_id: str, lease: int) -> None:
    """The worker's last step, fenced like every other. Raises LeaseLost."""
    query = select(GraderTry).where(GraderTry.id == try_id, GraderTry.lease == lease, GraderTry.status == "running")
    with transaction() as session:
        row = session.scalar(query.with_for_update())
        if row is None:
            raise LeaseLost(try_id)
        grade_now(session, row)


def judgements_of(spec: GraderSpec, row: GraderTry) -> dict[str, ByJudge]:
    """By output what its judges said, one judgement for each turn, in order."""
    found: dict[str, dict[str, Sequence[Judgement]]] = {}
    for ask in spec.definition.asks:
        for output_id in row.output_ids:
            items = [f"{output_id}:{ask.key}:{turn}" for turn in ask.turns]
            said = [Judgement(**_kept(row.answers[item])) for item in items if item in row.answers]
            if said:
                found.setdefault(output_id, {})[ask.key] = said
    return dict(found)


def _kept(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}


def _told(given: Any) -> dict[str, Any]:
    return {name: getattr(given, name) for name in ("score", "passed", "reason", "detail")}
