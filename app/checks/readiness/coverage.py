"""Whether the pool holds what the test sets ask for: behaviours, edge cases, and every subject (tag). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BEHAVIORS = ("answer", "refuse", "clarify", "escalate")
# Named by the team for the set itself, not for a subject
MARKS_OF_A_SET = frozenset({"red-team", "redteam", "red_team"})


@dataclass(frozen=True)
class Covered:
    """``train`` examples of the pool against ``test`` cases that have the same behaviour or tag."""

    name: str
    train: int
    test: int

    @property
    def missing(self) -> bool:
        return self.test > 0 and self.train == 0


def is_edge(tag: str) -> bool:
    """``edge``, ``edge-case``, ``Edge cases``, ``edge_case_dates``: however a team writes it."""
    return tag.casefold().replace("-", " ").replace("_", " ").split(" ")[0] == "edge"


def behaviors(train: Mapping[str, int], test: Mapping[str, int]) -> list[Covered]:
    return [Covered(name, train.get(name, 0), test.get(name, 0)) for name in BEHAVIORS]


def tags(train: Mapping[str, int], test: Mapping[str, int]) -> list[Covered]:
    """The test sets' tags, those that training lacks first, then by how often they are asked."""
    found = [Covered(tag, train.get(tag, 0), count) for tag, count in test.items() if tag not in MARKS_OF_A_SET]
    return sorted(found, key=lambda one: (one.train > 0, -one.test, one.name))


def missing(found: Sequence[Covered]) -> list[str]:
    return [one.name for one in found if one.missing]


def edge_tags(train: Mapping[str, int]) -> list[tuple[str, int]]:
    """Tags of edge cases in the pool, the commonest first."""
    return sorted(((tag, n) for tag, n in train.items() if is_edge(tag)), key=lambda one: (-one[1], one[0]))
