"""Nearest vectors by blocked matrix products. Pure.

Exact and simple: 100,000 vectors against 1,000 new ones is one product of 77 billion multiplications, a second or
two on one core. An index pays only far above that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded where vectors are compared, never at the start of the web
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

SUGGEST = 0.70  # alike enough to be shown when somebody asks
CERTAIN = 0.85  # alike enough to be told unasked
MOST = 10  # pairs of one request that are kept


def matrix(vectors: Sequence[bytes]) -> Matrix:
    """Rows of stored half floats as single floats."""
    import numpy as np

    return np.frombuffer(b"".join(vectors), dtype="<f2").reshape(len(vectors), -1).astype(np.float32)


def stored(vectors: Matrix) -> list[bytes]:
    return [row.tobytes() for row in vectors.astype("<f2")]


def close_pairs(everything: Matrix, rows: Sequence[int], least: float = CERTAIN) -> Iterator[tuple[int, int, float]]:
    """(row, other, cosine) of these rows with all others, from ``least`` on, the ``MOST`` closest of each row."""
    import numpy as np

    products = everything[list(rows)] @ everything.T
    for place, row in enumerate(rows):
        products[place, row] = -1.0
        near = np.flatnonzero(products[place] >= least)
        if len(near) > MOST:
            near = near[np.argsort(-products[place, near])[:MOST]]
        for other in near:
            yield row, int(other), min(float(products[place, other]), 1.0)


def closest(everything: Matrix, vector: Matrix, limit: int, least: float = SUGGEST) -> list[tuple[int, float]]:
    """(row, cosine) of the closest rows, the closest first."""
    import numpy as np

    products = everything @ vector
    order = np.argsort(-products)[:limit]
    return [(int(row), min(float(products[row]), 1.0)) for row in order if products[row] >= least]
