"""Comparing examples with the rest of the training pool, and the pool with the test cases.

Only what the given examples touch is judged again: those with the same request, and their clusters before and now.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checks.detectors.base import Found
from app.checks.models import Finding
from app.checks.pool import components, groups, queries
from app.checks.pool.components import Pair
from app.checks.pool.seen import Member, Seen, best_first
from app.checks.reconcile import reconcile
from app.checks.semantic import findings as semantic
from app.core.ids import is_id
from app.datasets.near import service as near

EXACT = ("duplicate", "label_conflict")
NEAR = ("near_duplicate",)
LEAKS = ("leak",)
CHUNK = 1_000


def compare(session: Session, project_id: str, ids: Collection[str], now: datetime) -> Counter[str]:
    """Judge what these examples touch, whether they stand in the pool or have left it. Answers what is new."""
    return _same_request(session, project_id, ids, now) + _near(session, project_id, ids, now)


def _same_request(session: Session, project_id: str, ids: Collection[str], now: datetime) -> Counter[str]:
    units = queries.units_of(session, ids) | queries.clusters_of(session, project_id, ids, EXACT)
    everyone = queries.members(session, project_id, units, content=False)
    several = [unit for unit, number in Counter(member.unit for member in everyone).items() if number > 1]
    grouped = _by_unit(queries.members(session, project_id, several, content=True))
    seen = [one for group in grouped.values() for one in groups.judge(group)]
    scope = {member.example_id for member in everyone} | set(ids)
    return reconcile(session, project_id, scope, EXACT, seen, now)


def _by_unit(members: Iterable[Member]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(member.unit, []).append(member)
    return found


def best_of_units(members: Iterable[Member]) -> dict[str, Member]:
    return {unit: best_first(group)[0] for unit, group in _by_unit(members).items()}


def _near(session: Session, project_id: str, ids: Collection[str], now: datetime) -> Counter[str]:
    """The clusters of near-duplicates that these examples stand in, or stood in, pair by pair."""
    before = queries.clusters_of(session, project_id, ids, NEAR)
    seeds = queries.units_of(session, ids) | queries.units_in_clusters(session, project_id, before, NEAR)
    pairs = _linked(session, project_id, seeds)
    units = seeds | {unit for pair in pairs for unit in (pair.unit, pair.other)}
    everyone = queries.members(session, project_id, units, content=False)
    seen = components.judge(pairs, best_of_units(everyone))
    scope = {member.example_id for member in everyone} | set(ids)
    return reconcile(session, project_id, scope, NEAR, seen, now)


def _linked(session: Session, project_id: str, seeds: Collection[str]) -> list[Pair]:
    """All pairs that hang together with the seeds, directly or through others."""
    found: dict[tuple[str, str], Pair] = {}
    reached, frontier = set(seeds), set(seeds)
    while frontier:
        pairs = near.pairs(session, project_id, sorted(frontier))
        found |= {(pair.unit, pair.other): Pair(pair.unit, pair.other, pair.similarity) for pair in pairs}
        frontier = {unit for pair in pairs for unit in (pair.unit, pair.other)} - reached
        reached |= frontier
    return list(found.values())


def leaks(session: Session, project_id: str, now: datetime) -> Counter[str]:
    """All test cases against the whole pool: cheap, because it goes by the index on requests."""
    # the last word about an example counts: exact before near before alike in meaning
    told = (semantic.leaks, _near_leaks, _exact_leaks)
    seen = {one.example_id: one for look in told for one in look(session, project_id)}
    known = select(Finding.example_id).where(
        Finding.project_id == project_id, Finding.kind == "leak", Finding.state != "resolved"
    )
    scope = sorted({*session.scalars(known), *seen})
    new: Counter[str] = Counter()
    for start in range(0, len(scope), CHUNK):
        part = scope[start : start + CHUNK]
        new += reconcile(session, project_id, part, LEAKS, [seen[one] for one in part if one in seen], now)
    return new


def _exact_leaks(session: Session, project_id: str) -> list[Seen]:
    return [
        _leak(example_id, revision, unit, "exact", f"Word for word case {position} of the test set “{name}”.", set_id)
        for example_id, revision, unit, set_id, name, position in queries.exact_leaks(session, project_id)
    ]


def _near_leaks(session: Session, project_id: str) -> list[Seen]:
    """Nearly the request of a case, the most alike last; sources of a draft set, and what is like them, are none."""
    found = [one for one in near.leaks(session, project_id) if not one.exact]
    cases = queries.cases(session, [one.case_id for one in found])
    revisions = queries.revisions_in_pool(session, project_id, [one.example_id for one in found])
    seen = []
    for one in sorted(found, key=lambda one: one.similarity):
        unit, position, drawn = cases[one.case_id]
        if one.example_id in revisions and (one.sealed or not drawn):
            words = f"{int(one.similarity * 100)} % like case {position} of the test set “{one.test_set}”."
            seen.append(_leak(one.example_id, revisions[one.example_id], unit, "near", words, one.test_set_id))
    return seen


def _leak(example_id: str, revision: int, unit: str, code: str, words: str, set_id: str | None) -> Seen:
    evidence = {"test_set_id": set_id} if set_id and is_id(set_id) else {}
    return Seen(example_id, revision, Found("leak", code, words, key=unit, evidence=evidence))
