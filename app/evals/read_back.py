"""What a run's metrics are worked out of, read back as plain values.

Some JSON values of many rows each: as rows of the ORM, 5,000 cases would take a second more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.evals.rules import ScoredGrade

AT_ONCE = 2_000  # rows in one value
CASES = text(f"""
select json_agg(json_build_array(id, group_unit, behavior, coalesce(behavior, expected ->> 'behavior'), tags)
  order by position)::text
from (select *, row_number() over (order by position) / {AT_ONCE} as part from test_cases where test_set_id = :of) t
group by part order by part
""")  # noqa: S608 (constants)
OUTPUTS = text(f"""
select json_agg(json_build_array(id, case_id, repeat, status, text, model_returned, latency_ms, first_token_ms, cost,
  reused_from is not null))::text
from (select *, row_number() over () / {AT_ONCE} as part from outputs where run_id = :of) o group by part
""")  # noqa: S608
# What the metrics need of a detail: which instructions were followed
GRADES = text(f"""
select json_agg(json_build_array(output_id, grader, metric, passed, instructions))::text
from (select g.*, row_number() over () / {AT_ONCE} as part,
    case when g.detail ? 'instructions' then g.detail end as instructions
  from grades g join outputs o on o.id = g.output_id where o.run_id = :of) g group by part
""")  # noqa: S608


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case without its texts."""

    id: str
    group_unit: str
    behavior: str | None
    expected_behavior: str | None
    tags: list[str]


@dataclass(frozen=True, slots=True)
class OutputLine:
    id: str
    case_id: str
    repeat: int
    status: Any
    text: str | None
    model_returned: str | None
    latency_ms: float | None
    first_token_ms: float | None
    cost: float | None
    reused: bool


def cases(session: Session, test_set_id: str) -> dict[str, CaseLine]:
    """By id, in the order of the set."""
    return {row[0]: CaseLine(*row) for row in _rows(session, CASES, test_set_id)}


def outputs(session: Session, run_id: str) -> list[OutputLine]:
    return [OutputLine(*row) for row in _rows(session, OUTPUTS, run_id)]


def grades(session: Session, run_id: str) -> dict[str, dict[str, ScoredGrade]]:
    """By output and grader."""
    found: dict[str, dict[str, ScoredGrade]] = {}
    for output_id, grader, metric, passed, detail in _rows(session, GRADES, run_id):
        found.setdefault(output_id, {})[grader] = ScoredGrade(grader, metric, passed, detail or {})
    return found


def _rows(session: Session, statement: Any, of: str) -> Iterator[list[Any]]:
    for value in session.scalars(statement, {"of": of}):
        yield from orjson.loads(value)
