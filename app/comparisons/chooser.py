"""The form of the compare page that says what is compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.candidates import queries as candidates
from app.comparisons.choice import Sides, in_order
from app.datasets import queries as datasets
from app.projects.access import Access


@dataclass(frozen=True)
class Chooser:
    """The form that says what is compared."""

    candidates: Sequence[tuple[str, str]]
    baseline: str
    candidate: str
    sets: Sequence[tuple[str, str, bool]]  # id, label, chosen


def chooser_of(session: Session, access: Access, sides: Sides, set_ids: Sequence[str]) -> Chooser:
    listed = options(session, access)
    known = {value for value, _label in listed}
    listed += [(c.id, c.name) for c in (sides.baseline, sides.candidate) if c.id not in known]
    return Chooser(listed, sides.baseline.id, sides.candidate.id, set_choices(session, access, set_ids))


def options(session: Session, access: Access) -> list[tuple[str, str]]:
    baseline = candidates.baseline(session, access.project.id)
    marked = baseline.id if baseline else None
    rows = candidates.listed(session, access.project.id)
    return [(c.id, f"{c.name} · baseline" if c.id == marked else c.name) for c, _provider in rows]


def set_choices(session: Session, access: Access, set_ids: Sequence[str]) -> list[tuple[str, str, bool]]:
    sealed = in_order(datasets.sealed_sets(session, access.project.id))
    return [(one.id, f"{one.name} ({one.size:,})", one.id in set_ids) for one in sealed]
