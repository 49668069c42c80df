"""Which units belong together: a test set takes a cluster whole, so that no part of it stays in training.

A unit is a prompt fingerprint (``fp:…``) or a group (``group:…``). An example links its group with the fingerprint
of each of its revisions, and near-duplicates are linked with the first of their cluster; units that are linked are of
one cluster, and so on until nothing is added.
"""

from collections.abc import Iterable


class Clusters:
    """Disjoint sets over units (union–find with path halving), made of pairs; a unit in no pair stands alone."""

    def __init__(self, links: Iterable[tuple[str, str]]) -> None:
        self._parent: dict[str, str] = {}
        for first, second in links:
            self._join(first, second)

    def of(self, unit: str) -> str:
        """The cluster's representative unit; an unknown unit is a cluster of its own."""
        parent = self._parent
        while parent.get(unit, unit) != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    def units_with(self, seeds: Iterable[str]) -> set[str]:
        """Every unit of the clusters that hold one of ``seeds``, the seeds included."""
        wanted = set(seeds)
        roots = {self.of(unit) for unit in wanted}
        return wanted | {unit for unit in self._parent if self.of(unit) in roots}

    def _join(self, first: str, second: str) -> None:
        for unit in (first, second):
            self._parent.setdefault(unit, unit)
        first, second = self.of(first), self.of(second)
        if first != second:
            low, high = sorted((first, second))
            self._parent[high] = low  # the smallest unit represents: the same data gives the same draw
