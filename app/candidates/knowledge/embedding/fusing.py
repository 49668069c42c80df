"""One order out of two. Pure.

Reciprocal rank fusion: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual
rank learning methods", SIGIR 2009. A thing scores the sum of 1 / (K + rank) over the orders that hold it, K = 60 as
there. It needs no scale that the scores of both share.
"""

from collections.abc import Sequence

K = 60


def fused(*orders: Sequence[str]) -> list[tuple[str, float]]:
    """(id, score), the best first; of equal ones the first in the earlier order."""
    scores: dict[str, float] = {}
    for order in orders:
        for rank, one in enumerate(order, 1):
            scores[one] = scores.get(one, 0.0) + 1.0 / (K + rank)
    return sorted(scores.items(), key=lambda entry: -entry[1])
