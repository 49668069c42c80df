"""Cutting a version into a part that validates and nested parts that are trained on. Pure.

Lines that belong together (one group, near-duplicates) stand on one side. Clusters come in the order of
SHA-256(seed, purpose, cluster): random, and the same on any machine for the same data and seed.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Places of lines, from 0 and in order. A smaller share's lines are among a larger one's."""

    validation: Sequence[int]
    training: Mapping[float, Sequence[int]]


def cut(clusters: Sequence[str], validation: int, shares: Sequence[float], seed: int) -> Parts:
    """Cut lines of these clusters: about ``validation`` of them (never more) aside, and the shares out of the rest.

    A cluster that would make the validation larger than asked for is passed over.
    """
    lines: dict[str, list[int]] = {}
    for place, cluster in enumerate(clusters):
        lines.setdefault(cluster, []).append(place)
    aside: list[int] = []
    for members in _shuffled(lines, f"{seed}:validation"):
        if len(aside) + len(members) <= validation:
            aside += members
    held = set(aside)
    rest = list(_shuffled({name: m for name, m in lines.items() if m[0] not in held}, f"{seed}:training"))
    size = len(clusters) - len(aside)
    return Parts(sorted(aside), {share: sorted(_first(rest, round(size * share))) for share in shares})


def _first(clusters: Sequence[list[int]], wanted: int) -> list[int]:
    taken: list[int] = []
    for members in clusters:
        if len(taken) >= wanted:
            break
        taken += members
    return taken


def _shuffled(lines: Mapping[str, list[int]], salt: str) -> Iterator[list[int]]:
    for name in sorted(lines, key=lambda one: hashlib.sha256(f"{salt}\n{one}".encode()).digest()):
        yield lines[name]
