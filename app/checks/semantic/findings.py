"""What likeness in meaning says about the training pool: duplicates, and test cases that stand in it in other words."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checks.detectors.base import Found
from app.checks.models import Finding
from app.checks.pool import components
from app.checks.pool import queries as pool
from app.checks.pool.seen import Member, Seen, best_first
from app.checks.reconcile import reconcile
from app.checks.semantic import model, queries
from app.checks.semantic.service import pairs

DUPLICATES = ("semantic_duplicate",)
CHUNK = 1_000


def duplicates(session: Session, project_id: str, now: datetime) -> Counter[str]:
    """Judge the whole pool: pairs are few and at hand. Without the model, what was found before stays as it is."""
    if not model.available():
        return Counter()
    close = pairs(session, project_id)
    best = _best_of_units(session, project_id, {unit for pair in close for unit in (pair.unit, pair.other)})
    told = queries.already_told(session, project_id)
    fresh = [pair for pair in close if _ids(best, pair) not in told]
    seen = {one.example_id: one for one in components.judge(fresh, best, DUPLICATES[0], "alike in meaning to")}
    known = select(Finding.example_id).where(
        Finding.project_id == project_id, Finding.kind == DUPLICATES[0], Finding.state != "resolved"
    )
    scope = sorted({*session.scalars(known), *seen})
    new: Counter[str] = Counter()
    for start in range(0, len(scope), CHUNK):
        part = scope[start : start + CHUNK]
        new += reconcile(session, project_id, part, DUPLICATES, [seen[one] for one in part if one in seen], now)
    return new


def leaks(session: Session, project_id: str) -> list[Seen]:
    """Examples whose request means the same as a test case's. They only warn: one class asks alike by design."""
    cases = queries.cases(session, project_id)
    closest: dict[str, tuple[float, str]] = {}
    for pair in pairs(session, project_id) if cases else ():
        for own, other in ((pair.unit, pair.other), (pair.other, pair.unit)):
            if other in cases and own not in cases:
                closest[own] = max(closest.get(own, (0.0, "")), (pair.similarity, other))
    return [_leak(member, *closest[member.unit], cases) for member in _members(session, project_id, set(closest))]


def _leak(one: Member, similarity: float, unit: str, cases: Mapping[str, tuple[str, str, int]]) -> Seen:
    set_id, name, position = cases[unit]
    words = f"{int(similarity * 100)} % alike in meaning to case {position} of the test set “{name}”."
    evidence = {"test_set_id": set_id, "similarity": round(similarity, 4)}
    return Seen(one.example_id, one.revision, Found("leak", "semantic", words, key=unit, evidence=evidence))


def _members(session: Session, project_id: str, units: set[str]) -> list[Member]:
    return pool.members(session, project_id, units, content=False)


def _best_of_units(session: Session, project_id: str, units: set[str]) -> dict[str, Member]:
    return {one.unit: one for one in reversed(best_first(_members(session, project_id, units)))}


def _ids(best: Mapping[str, Member], pair: components.Pair) -> frozenset[str]:
    return frozenset(best[unit].example_id for unit in (pair.unit, pair.other) if unit in best)
