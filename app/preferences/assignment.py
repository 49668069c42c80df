"""Who is shown which pair, on which side, in which order. Pure: the random numbers come in as ``rng``."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Assigned:
    """One ballot to be: pair ``pair`` (an index) for ``reviewer`` at ``position``, A on the left or not."""

    pair: int
    reviewer: str
    position: int
    a_is_left: bool
    is_repeat: bool


def assign(
    pairs: int, reviewers: Sequence[str], votes_per_pair: int, repeat_fraction: float, rng: Random
) -> list[Assigned]:
    """Give each pair to ``votes_per_pair`` reviewers so that loads differ by at most one before repeats.

    Sides are independent fair bits. Each reviewer's order is shuffled on its own, and repeats (to measure their
    own consistency) come after everything else, with a fresh side.
    """
    order = list(reviewers)
    rng.shuffle(order)
    shuffled = list(range(pairs))
    rng.shuffle(shuffled)
    queues: dict[str, list[int]] = {reviewer: [] for reviewer in order}
    slot = 0
    for pair in shuffled:
        for _ in range(votes_per_pair):
            queues[order[slot % len(order)]].append(pair)
            slot += 1
    assigned = []
    for reviewer, mine in queues.items():
        rng.shuffle(mine)
        again = rng.sample(mine, round(len(mine) * repeat_fraction))
        for position, pair in enumerate(mine + again):
            assigned.append(Assigned(pair, reviewer, position, rng.random() < 0.5, position >= len(mine)))
    return assigned
