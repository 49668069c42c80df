"""Which rows are held back for validation. Pure."""

import hashlib
from collections import Counter
from collections.abc import Sequence


def held_back(keys: Sequence[str], share: float) -> frozenset[str]:
    """The keys whose rows are validated with, of one key a row: whole groups, about ``share`` of the rows, never all.

    The same rows every time, so that the curves of two launches can be compared. Empty where one key holds every row.
    """
    counts = Counter(keys)
    wanted = max(1, round(share * len(keys)))
    chosen: set[str] = set()
    taken = 0
    for key in sorted(counts, key=lambda one: hashlib.sha256(one.encode()).digest()):
        if taken + counts[key] <= wanted:
            chosen.add(key)
            taken += counts[key]
    if not chosen and len(counts) > 1:
        chosen.add(min(counts, key=lambda one: (counts[one], one)))
    return frozenset(chosen)
