"""Drawing a share of the examples for a test set: clusters whole, and the mix of the whole if one asks for it. Pure."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """An example that a case could be made of; ``stratum`` is the part of the mix that it counts for."""

    example_id: str
    fingerprint_unit: str
    cluster: str
    stratum: str = ""


def draw(pool: Sequence[Candidate], fraction: float, seed: int) -> list[Candidate]:
    """About ``fraction`` of the pool's different prompts, clusters whole, one candidate for each prompt.

    Each stratum gets its share (see ``targets``). Clusters come in the order of SHA-256(seed, cluster), which is
    random and depends on nothing else: the same data and seed give the same cases on any machine. A cluster that
    would overshoot the share of one of its strata is passed over for a smaller one; if all would, the first is taken.
    Empty only for an empty pool.
    """
    clusters: dict[str, dict[str, Candidate]] = {}
    for candidate in pool:
        clusters.setdefault(candidate.cluster, {}).setdefault(candidate.fingerprint_unit, candidate)
    room = targets(sizes(prompt for prompts in clusters.values() for prompt in prompts.values()), fraction)
    shuffled = sorted(clusters, key=lambda cluster: hashlib.sha256(f"{seed}\n{cluster}".encode()).digest())
    drawn: list[Candidate] = []
    for cluster in shuffled:
        needed = sizes(clusters[cluster].values())
        if all(room[stratum] >= number for stratum, number in needed.items()):
            room = {stratum: left - needed.get(stratum, 0) for stratum, left in room.items()}
            drawn += clusters[cluster].values()
    if not drawn and shuffled:
        drawn += clusters[shuffled[0]].values()
    return drawn


def targets(strata: Mapping[str, int], fraction: float) -> dict[str, int]:
    """How many of each stratum to draw, so that they add up to ``round(fraction × all)``.

    Hamilton's method of largest remainders: each gets the whole part of its exact share, then those that lost most by
    that get one more, the larger stratum (then the name) first where they lost the same.
    """
    exact = {stratum: fraction * number for stratum, number in strata.items()}
    found = {stratum: int(share) for stratum, share in exact.items()}
    left = round(fraction * sum(strata.values())) - sum(found.values())
    order = sorted(exact, key=lambda one: (found[one] - exact[one], -strata[one], one))
    for stratum in order[: max(left, 0)]:
        found[stratum] += 1
    return found


def sizes(candidates: Iterable[Candidate]) -> dict[str, int]:
    return dict(Counter(candidate.stratum for candidate in candidates))


def rarest(tags_of: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The stratum of each example that has several tags: the one that fewest others have, so that none is lost
    (iterative stratification of multi-label data begins with the rarest label too: Sechidis et al. 2011)."""
    common: dict[str, int] = defaultdict(int)
    for tags in tags_of.values():
        for tag in tags:
            common[tag] += 1
    return {one: min(tags, key=lambda tag: (common[tag], tag), default="") for one, tags in tags_of.items()}
