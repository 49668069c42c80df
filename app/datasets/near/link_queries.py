"""SQL of links: what is near to what, taking a pair apart, and what of the training data is near to a test case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, CursorResult, func, or_, select, text, union, update
from sqlalchemy.orm import Session

from app.datasets.models import TestCase
from app.datasets.near.models import NearLink, ScannedUnit
from app.examples.models import SplitAssignment
from app.examples.queries import one_of


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two units (``unit`` < ``other``) and the share of words that they have in common."""

    unit: str
    other: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Leak:
    """An example that asks what a case asks. ``version``: the first frozen version that has it, else it stands in the
    training pool. ``sealed`` tells whether the case is sealed; one of a draft can still be taken out."""

    example_id: str
    number: int
    case_id: str
    test_set_id: str
    test_set: str
    sealed: bool
    exact: bool
    similarity: float
    version: int | None


LEAKS = text("""
with alike as (
  select fingerprint_unit as unit, fingerprint_unit as asked, true as exact, 1.0::float8 as similarity
  from test_cases where project_id = :project
  union
  select l.other, l.unit, false, l.similarity from near_links l where l.project_id = :project and l.separated_at is null
  union
  select l.unit, l.other, false, l.similarity from near_links l where l.project_id = :project and l.separated_at is null
), trained as (
  select i.example_id, i.fingerprint_unit as unit, min(v.number) as version from dataset_version_items i
  join dataset_versions v on v.id = i.dataset_version_id where i.project_id = :project group by 1, 2
), training as (
  select example_id, unit, version from trained
  union all
  select e.id, e.fingerprint_unit, null from examples e
  where e.project_id = :project and e.deleted_at is null and e.split = 'train'
    and not exists (select from trained t where t.example_id = e.id and t.unit = e.fingerprint_unit)
)
select t.example_id::text, e.number, c.id::text, s.id::text, s.name, s.sealed_at is not null, a.exact, a.similarity,
       t.version
from test_cases c join test_sets s on s.id = c.test_set_id
join alike a on a.asked = c.fingerprint_unit
join training t on t.unit = a.unit
join examples e on e.id = t.example_id
where c.project_id = :project and (t.version is not null or c.example_id is distinct from t.example_id)
order by e.number, c.position
""")


def leaks(session: Session, project_id: str) -> list[Leak]:
    return [Leak(*row) for row in session.execute(LEAKS, {"project": project_id})]


def near_sealed_cases(project_id: str) -> CompoundSelect[str]:
    """Units that are near to a sealed case; the database lets none of them into a version."""
    cases = select(TestCase.fingerprint_unit).where(TestCase.project_id == project_id, TestCase.split == "test")
    of_project = (NearLink.project_id == project_id, NearLink.separated_at.is_(None))
    return union(
        select(NearLink.unit).where(*of_project, NearLink.other.in_(cases)),
        select(NearLink.other).where(*of_project, NearLink.unit.in_(cases)),
    )


def pairs(session: Session, project_id: str, units: Sequence[str] | None) -> list[NearPair]:
    query = select(NearLink.unit, NearLink.other, NearLink.similarity).where(
        NearLink.project_id == project_id, NearLink.separated_at.is_(None)
    )
    if units is not None:
        query = query.where(or_(one_of(NearLink.unit, units), one_of(NearLink.other, units)))
    rows = session.execute(query.order_by(NearLink.similarity.desc(), NearLink.unit, NearLink.other))
    return [NearPair(*row) for row in rows]


def find(session: Session, project_id: str, unit: str, other: str) -> NearLink | None:
    """The link of the two, in whichever order they are named."""
    query = select(NearLink).where(NearLink.project_id == project_id, one_of(NearLink.unit, (unit, other)))
    return session.scalar(query.where(one_of(NearLink.other, (unit, other))))


def held_out(session: Session, project_id: str, units: Sequence[str]) -> bool:
    query = select(SplitAssignment.unit).where(
        SplitAssignment.project_id == project_id, SplitAssignment.split == "test", one_of(SplitAssignment.unit, units)
    )
    return session.scalar(query.limit(1)) is not None


def mark_separated(session: Session, link: NearLink, user_id: str) -> bool:
    """False where somebody has done it already."""
    done: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(NearLink)
        .where(
            NearLink.project_id == link.project_id,
            NearLink.unit == link.unit,
            NearLink.other == link.other,
            NearLink.separated_at.is_(None),
        )
        .values(separated_at=func.now(), separated_by=user_id)
    )
    return bool(done.rowcount)


def unmark_separated(session: Session, link: NearLink) -> bool:
    """False where the two were not apart."""
    done: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(NearLink)
        .where(
            NearLink.project_id == link.project_id,
            NearLink.unit == link.unit,
            NearLink.other == link.other,
            NearLink.separated_at.is_not(None),
        )
        .values(separated_at=None, separated_by=None)
    )
    return bool(done.rowcount)


def members(session: Session, project_id: str, units: Sequence[str]) -> list[str]:
    """These units and every one of their clusters, in the order in which they were scanned."""
    clusters = select(SplitAssignment.cluster).where(
        SplitAssignment.project_id == project_id, one_of(SplitAssignment.unit, units)
    )
    query = (
        select(ScannedUnit.unit)
        .join(
            SplitAssignment,
            (SplitAssignment.project_id == ScannedUnit.project_id) & (SplitAssignment.unit == ScannedUnit.unit),
        )
        .where(
            ScannedUnit.project_id == project_id,
            or_(SplitAssignment.cluster.in_(clusters), one_of(SplitAssignment.unit, units)),
        )
    )
    return list(session.scalars(query.order_by(ScannedUnit.number)))


def leave_cluster(session: Session, project_id: str, units: Sequence[str]) -> None:
    """Units of the train side that stand alone from now on."""
    session.execute(
        update(SplitAssignment)
        .where(SplitAssignment.project_id == project_id, one_of(SplitAssignment.unit, units))
        .where(SplitAssignment.split == "train")
        .values(cluster=None)
    )
