"""Which requests of production no test case is like, in groups. Pure but for the libraries' arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy is loaded where it is used, never at the start of the web
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

BY_WORDS = 0.62  # of rapidfuzz's token set ratio: where two requests begin to be about the same
READ = 600  # characters of a request


@dataclass(frozen=True)
class Group:
    """Positions of the requests that are like the first of them and like no test case."""

    members: Sequence[int]


@dataclass(frozen=True)
class Coverage:
    """Of ``n`` sampled requests those that a test case is like, and the others in groups, the largest first."""

    n: int
    covered: int
    groups: Sequence[Group]
    by: str


def of_vectors(requests: Matrix, cases: Matrix, least: float) -> Coverage:
    """By meaning: cosines of vectors of length 1."""
    return _coverage(requests @ cases.T if len(cases) else None, requests @ requests.T, least, "meaning")


def of_texts(requests: Sequence[str], cases: Sequence[str]) -> Coverage:
    """By the words that they share."""
    import numpy as np
    from rapidfuzz import fuzz, process

    def alike(one: Sequence[str], other: Sequence[str]) -> Matrix:
        found = process.cdist(one, other, scorer=fuzz.token_set_ratio, dtype=np.float32, score_cutoff=BY_WORDS * 100)
        return np.asarray(found / 100, dtype=np.float32)

    cut = [text[:READ] for text in requests]
    to_cases = alike(cut, [text[:READ] for text in cases]) if cases else None
    return _coverage(to_cases, alike(cut, cut), BY_WORDS, "words")


def _coverage(to_cases: Matrix | None, among: Matrix, least: float, by: str) -> Coverage:
    """Greedy: whoever is like most of what is left gathers them, and again, until nothing is left."""
    import numpy as np

    n = len(among)
    covered = to_cases.max(axis=1) >= least if to_cases is not None and n else np.zeros(n, bool)
    near = among >= least
    np.fill_diagonal(near, val=True)
    left = ~covered
    groups = []
    while left.any():
        counts = (near & left[None, :]).sum(axis=1) * left
        leader = int(counts.argmax())
        members = np.flatnonzero(near[leader] & left)
        groups.append(Group([leader, *(int(m) for m in members if m != leader)]))
        left[members] = False
    return Coverage(n, int(covered.sum()), groups, by)
