"""A cluster anew, after two of its members were said to be no duplicates."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.datasets.near import link_queries, queries


def regroup(session: Session, project_id: str, units: Sequence[str]) -> None:
    """Divide the clusters of these units (of the train side) along the links that are left."""
    members = link_queries.members(session, project_id, units)
    parent = {unit: unit for unit in members}

    def first_of(unit: str) -> str:
        while parent[unit] != unit:
            unit = parent[unit]
        return unit

    order = {unit: place for place, unit in enumerate(members)}
    for pair in link_queries.pairs(session, project_id, members):
        if pair.unit in parent and pair.other in parent:
            low, high = sorted((first_of(pair.unit), first_of(pair.other)), key=order.__getitem__)
            parent[high] = low
    first = {unit: first_of(unit) for unit in members}
    sizes = Counter(first.values())
    placed = {unit: (one, False) for unit, one in first.items() if sizes[one] > 1}
    link_queries.leave_cluster(session, project_id, [unit for unit in members if unit not in placed])
    if placed:
        queries.put_in_clusters(session, project_id, placed)
