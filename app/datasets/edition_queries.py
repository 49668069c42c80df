"""SQL of test sets that follow one another, and of how often a whole line of them was used."""

from sqlalchemy import func, insert, literal, null, select
from sqlalchemy.orm import Session

from app.core.db import Id
from app.datasets.models import TestCase, TestSet, TestSetAccess

COPIED = (
    "project_id", "position", "example_id", "messages", "tools", "expected", "behavior", "tags", "extra",
    "fingerprint_unit", "group_unit", "content_hash",
)  # fmt: skip


def successor(session: Session, set_id: str) -> TestSet | None:
    return session.scalar(select(TestSet).where(TestSet.previous_id == set_id))


def copy_cases(session: Session, from_id: str, to_id: str) -> None:
    own = [func.gen_random_uuid(), literal(to_id, Id), null()]
    columns = [getattr(TestCase, name) for name in COPIED]
    found = select(*own, *columns).where(TestCase.test_set_id == from_id).order_by(TestCase.position)
    session.execute(insert(TestCase).from_select(["id", "test_set_id", "split", *COPIED], found))


def hashes(session: Session, set_id: str) -> dict[str, str]:
    """Content hash by fingerprint unit, which a set has once."""
    query = select(TestCase.fingerprint_unit, TestCase.content_hash).where(TestCase.test_set_id == set_id)
    return dict(session.execute(query).all())


def runs_in_line(session: Session, project_id: str) -> dict[str, int]:
    """For each set of the project: scored runs on it and on all that it takes over from."""
    used = select(func.count()).where(TestSetAccess.test_set_id == TestSet.id, TestSetAccess.kind == "scored_run")
    query = select(TestSet.id, TestSet.previous_id, used.correlate(TestSet).scalar_subquery())
    rows = session.execute(query.where(TestSet.project_id == project_id).order_by(TestSet.edition)).all()
    found: dict[str, int] = {}
    for set_id, previous_id, uses in rows:
        found[set_id] = uses + found.get(previous_id or "", 0)
    return found
