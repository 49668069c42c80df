"""MinHash signatures over the words of a prompt, and which prompts share a band of them. Pure.

See ``scheme.py`` for what they are made of.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from app.datasets.near.rules import Prompt
from app.datasets.near.scheme import BANDS, PERMUTATIONS, ROWS, SEED

WITH_CASES = 64  # candidates of a band, where one of the two is a test case
AT_ONCE = 200_000  # pairs that are held against each other
NEIGHBOURS = 4  # how many of one band each prompt is compared with, where thousands share it
Bands = NDArray[np.uint32]  # (prompts, BANDS)
Pairs = NDArray[np.int64]  # (pairs, 2): indexes of two prompts
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]

_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


def bands_of(prompts: Sequence[Prompt], names: Sequence[str]) -> Bands:
    """A prompt without a word has the bands of its name: it is like no other."""
    if not prompts:
        return np.zeros((0, BANDS), np.uint32)
    tokens = [list(set(prompt.words)) or [name] for prompt, name in zip(prompts, names, strict=True)]
    digests = RMinHash.digest_matrix_from_token_sets(tokens, PERMUTATIONS, SEED).to_rows()
    flat = np.fromiter(chain.from_iterable(digests), np.uint64, count=len(tokens) * PERMUTATIONS)
    mixed = (flat.reshape(len(tokens), BANDS, ROWS) * _MIX).sum(axis=2, dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)
    bands: Bands = ((mixed * _MIX[0]) >> np.uint64(32)).astype(np.uint32)
    return bands


def from_bytes(stored: bytes) -> Bands:
    return np.frombuffer(stored, "<u4").reshape(-1, BANDS)


def to_bytes(bands: Bands) -> bytes:
    return bands.astype("<u4").tobytes()


def candidates(bands: Bands, words: Counts, fresh: Mask, cases: Mask) -> Pairs:
    """Pairs that may be near, of which at least one is ``fresh``; ``words`` counts those of fresh prompts.

    Whoever stands in a test set is compared with far more of its band than the others are: there a miss would be a
    leak. A pair has to share as many bands as its length lets expect of near-duplicates.
    """
    every = np.arange(len(bands))
    found = [
        *_side_by_side(bands, fresh),
        *_meeting(bands, every[fresh], every[cases], WITH_CASES),
        *_meeting(bands, every[fresh & cases], every, WITH_CASES),
    ]
    pairs = _distinct(found)
    pairs = pairs[fresh[pairs].any(axis=1)]
    needed = np.where(fresh, _bands_to_share(words), BANDS)[pairs].min(axis=1)
    kept = [
        part[(bands[part[:, 0]] == bands[part[:, 1]]).sum(axis=1) >= needed[start : start + AT_ONCE]]
        for start in range(0, len(pairs), AT_ONCE)
        for part in (pairs[start : start + AT_ONCE],)
    ]
    return np.concatenate(kept) if kept else pairs


def meeting(bands: Bands, words: Counts, cases: Bands) -> Pairs:
    """Pairs (prompt, case) that may be near; ``words`` counts those of the prompts."""
    together = np.concatenate([bands, cases])
    prompts, asked = np.arange(len(bands)), np.arange(len(bands), len(together))
    pairs = _distinct(_meeting(together, prompts, asked, WITH_CASES))
    shared = (together[pairs[:, 0]] == together[pairs[:, 1]]).sum(axis=1)
    near: Pairs = pairs[shared >= _bands_to_share(words)[pairs[:, 0]]] - [0, len(bands)]
    return near


def _bands_to_share(words: Counts) -> Counts:
    """Fewer are shared by less than 1 % of the near-duplicates of a prompt of so many words."""
    return np.select([words < 10, words < 24, words < 40, words < 80], [1, 2, 3, 6], 10)


def _side_by_side(bands: Bands, fresh: Mask) -> Iterator[tuple[Counts, Counts]]:
    """Within a band, prompts stand in the order of the two bands that follow, so that the most alike are neighbours;
    each is paired with the next few and with the first of the band."""
    for band in range(BANDS):
        values = bands[:, band]
        shared = np.flatnonzero(isin(values, values[fresh]))
        after, later = (bands[shared, (band + step) % BANDS] for step in (1, 2))
        order = shared[np.lexsort((shared, later, after, values[shared]))]
        ordered = values[order]
        for step in range(1, NEIGHBOURS + 1):
            same = ordered[step:] == ordered[:-step]
            yield order[:-step][same], order[step:][same]
        yield order, _firsts(order, ordered)


def isin(values: NDArray[np.uint32], wanted: NDArray[np.uint32]) -> Mask:
    """As numpy's, for many values and few wanted ones: by bisection."""
    if not len(wanted):
        return np.zeros(len(values), np.bool_)
    ordered = np.sort(wanted)
    found: Mask = ordered[np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)] == values
    return found


def _firsts(order: Counts, values: NDArray[np.uint32]) -> Counts:
    """For each place the smallest index in its run of equal values."""
    if not len(order):
        return order
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = np.diff(np.r_[starts, len(order)])
    return np.repeat(np.minimum.reduceat(order, starts), lengths)


def _meeting(bands: Bands, left: Counts, right: Counts, limit: int) -> Iterator[tuple[Counts, Counts]]:
    """Pairs of one of ``left`` and one of ``right``; at most ``limit`` partners for each, in each band."""
    for band in range(BANDS) if len(left) and len(right) else ():
        values = bands[right, band]
        order = np.argsort(values, kind="stable")
        ordered, wanted = values[order], bands[left, band]
        low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        counts = np.minimum(high - low, limit)
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
        yield np.repeat(left, counts), right[order[places]]


def _distinct(found: Iterable[tuple[Counts, Counts]]) -> Pairs:
    coded = [np.zeros(0, np.int64)]
    for first, second in found:
        low, high = np.minimum(first, second), np.maximum(first, second)
        coded.append(((low << 32) | high)[low != high])
    ordered = np.sort(np.concatenate(coded))
    ordered = ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]]
    return np.stack([ordered >> 32, ordered & 0xFFFFFFFF], axis=1)
