"""Clusters out of pairs: they grow by any near pair while small, and beyond that only around their first text. Pure.

Near to near to near is far: without a bound, chains of one-word steps would draw a whole class of short requests into
one cluster, and sealing one case would empty the training pool. What is past the bound is still never trained on when
it is near to a case itself: that rule needs no cluster.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

LARGE = 20  # units


@dataclass
class Cluster:
    first: int
    held_out: bool
    members: list[int] = field(default_factory=list)


Near = Callable[[int, int], bool]


class Grouping:
    """Units are indexes; ``fresh`` ones are new in this scan and may be held out, the others stay on their side."""

    def __init__(self, near: Near) -> None:
        self._near = near
        self._of: dict[int, Cluster] = {}
        self._fresh: set[int] = set()
        self.changed: set[int] = set()  # units with another cluster or side than before

    def add(self, unit: int, *, fresh: bool, held_out: bool, cluster: Cluster | None = None) -> None:
        """``cluster``: the one that it stands in already, shared by its members."""
        group = cluster or Cluster(unit, held_out)
        group.members.append(unit)
        self._of[unit] = group
        if fresh:
            self._fresh.add(unit)

    def cluster(self, unit: int) -> Cluster:
        return self._of[unit]

    def join_all(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Pairs in the order of their likeness. What is near to something held out comes first."""
        ordered = list(pairs)
        for first, second in ordered:
            if self._of[first].held_out != self._of[second].held_out:
                self._hold_out(first, second)
        for first, second in ordered:
            self._join(first, second)

    def _hold_out(self, first: int, second: int) -> None:
        """The fresh one of the two goes to the test side; what was there before is left where it stands."""
        new, other = (second, first) if self._of[first].held_out else (first, second)
        if new in self._fresh and len(self._of[new].members) == 1 and self._fits(self._of[other], new):
            self._move([new], self._of[other])

    def _join(self, first: int, second: int) -> None:
        one, other = self._of[first], self._of[second]
        if one is other:
            return
        if one.held_out != other.held_out:
            self._hold_out(first, second)
        elif one.held_out and not self._fresh.issuperset(self._smaller(one, other).members):
            return  # what was held out before keeps its cluster
        else:
            small = self._smaller(one, other)
            large = other if small is one else one
            if all(self._fits(large, unit, len(small.members)) for unit in small.members):
                self._move(list(small.members), large)

    def _fits(self, cluster: Cluster, unit: int, with_it: int = 1) -> bool:
        return len(cluster.members) + with_it <= LARGE or self._near(cluster.first, unit)

    @staticmethod
    def _smaller(one: Cluster, other: Cluster) -> Cluster:
        # of two of a size the one that began later gives up its name: the same data makes the same clusters
        return min(one, other, key=lambda cluster: (len(cluster.members), -cluster.first))

    def _move(self, units: list[int], to: Cluster) -> None:
        for unit in units:
            left = self._of[unit]
            left.members.remove(unit)
            to.members.append(unit)
            self._of[unit] = to
            self.changed.add(unit)
        self.changed.add(to.first)


def names(grouping: Grouping, unit_of: Mapping[int, str]) -> dict[str, tuple[str, bool]]:
    """Of each unit whose cluster or side is another than before: its cluster's name and whether it is held out."""
    moved = {member for unit in grouping.changed for member in grouping.cluster(unit).members}
    return {unit_of[unit]: (unit_of[grouping.cluster(unit).first], grouping.cluster(unit).held_out) for unit in moved}
