"""Requests that are nearly the same, linked pair by pair, as clusters with one to keep. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.checks.detectors.base import Found
from app.checks.pool.seen import Member, Seen, best_first


@dataclass(frozen=True, slots=True)
class Pair:
    """Two units and how alike they are, 0..1."""

    unit: str
    other: str
    similarity: float


def components(pairs: Iterable[Pair]) -> list[list[str]]:
    """Units that hang together, each heap sorted, so that its first names the cluster."""
    parent: dict[str, str] = {}

    def root(unit: str) -> str:
        parent.setdefault(unit, unit)
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    for pair in pairs:
        first, second = sorted((root(pair.unit), root(pair.other)))
        parent[second] = first
    heaps: dict[str, list[str]] = {}
    for unit in sorted(parent):
        heaps.setdefault(root(unit), []).append(unit)
    return list(heaps.values())


def judge(
    pairs: Sequence[Pair], members: Mapping[str, Member], kind: str = "near_duplicate", words: str = "like"
) -> list[Seen]:
    """For each cluster one example stays and the others are duplicates of their most similar neighbour.

    ``members`` holds the best example of each unit; a unit without one is not in the training pool, and what hangs
    together only through it does not hang together here.
    """
    here = [pair for pair in pairs if pair.unit in members and pair.other in members and pair.unit != pair.other]
    neighbours: dict[str, list[tuple[float, str]]] = {}
    for pair in here:
        neighbours.setdefault(pair.unit, []).append((pair.similarity, pair.other))
        neighbours.setdefault(pair.other, []).append((pair.similarity, pair.unit))
    seen = []
    for units in components(here):
        ranked = best_first(members[unit] for unit in units)
        rank = {member.unit: place for place, member in enumerate(ranked)}
        for member in ranked[1:]:
            near = neighbours[member.unit]
            better = [one for one in near if rank[one[1]] < rank[member.unit]] or near
            similarity, unit = max(better, key=lambda one: (one[0], -rank[one[1]]))
            seen.append(_near(member, members[unit], similarity, units[0], kind, words))
    return seen


def _near(one: Member, other: Member, similarity: float, cluster: str, kind: str, words: str) -> Seen:
    percent = int(similarity * 100)
    found = Found(
        kind,
        kind.split("_")[0],
        f"{percent} % {words} #{other.number}.",
        key=other.unit,
        evidence={"like": other.number, "similarity": round(similarity, 4)},
    )
    return Seen(one.example_id, one.revision, found, cluster, other.example_id)
