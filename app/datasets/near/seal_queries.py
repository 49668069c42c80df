"""SQL of what is near to the cases of a set: what leaves the training pool with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.examples.rules import request_preview

_NEAR = """
from test_cases c
join lateral (
  select l.other as unit, l.similarity from near_links l
  where l.project_id = c.project_id and l.unit = c.fingerprint_unit and l.separated_at is null
  union all
  select l.unit, l.similarity from near_links l
  where l.project_id = c.project_id and l.other = c.fingerprint_unit and l.separated_at is null
) as near on true
join examples e on e.project_id = c.project_id and e.fingerprint_unit = near.unit
where c.test_set_id = :set and e.deleted_at is null and e.split = 'train'
  and not exists (select from test_cases other where other.test_set_id = c.test_set_id
                  and other.fingerprint_unit = near.unit)
"""
SAMPLES = text(
    "select c.position, c.messages, c.fingerprint_unit, e.id::text, e.number, e.request, near.unit, near.similarity "
    + _NEAR
    + "order by near.similarity, c.position, e.number limit :limit"
)
COUNT = text("select count(distinct e.id) " + _NEAR)


@dataclass(frozen=True)
class NearExample:
    """An example of the training pool that asks nearly what a case asks."""

    position: int
    asked: str
    case_unit: str
    example_id: str
    number: int
    request: str
    unit: str
    similarity: float


def near_examples(session: Session, set_id: str, limit: int) -> Sequence[NearExample]:
    """The least alike first: those that a person may want to look at."""
    rows = session.execute(SAMPLES, {"set": set_id, "limit": limit})
    return [NearExample(row[0], request_preview(row[1]), *row[2:]) for row in rows]


def count_near(session: Session, set_id: str) -> int:
    return session.scalar(COUNT, {"set": set_id}) or 0
