"""MinHash signatures over the words of a prompt, and which prompts share a band of them. Pure.

See ``scheme.py`` for what they are made of.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from app.datasets.near.rules import Prompt
from app.datasets.near.scheme import BANDS, PERMUTATIONS, ROWS, SEED

NEIGHBOURS = 4  # how many of one band each prompt is compared with, where thousands share it
Bands = NDArray[np.uint32]  # (prompts, BANDS)
Pairs = NDArray[np.int64]  # (pairs, 2): indexes of two prompts

_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)


def bands_of(prompts: Sequence[Prompt], names: Sequence[str]) -> Bands:
    """A prompt without a word has the bands of its name: it is like no other."""
    tokens = [list(set(prompt.words)) or [name] for prompt, name in zip(prompts, names, strict=True)]
    digests = RMinHash.digest_matrix_from_token_sets(tokens, PERMUTATIONS, SEED).to_rows()
    flat = np.fromiter(chain.from_iterable(digests), np.uint64, count=len(tokens) * PERMUTATIONS)
    mixed = (flat.reshape(len(tokens), BANDS, ROWS) * _MIX).sum(axis=2, dtype=np.uint64)
    mixed ^= mixed >> np.uint64(29)
    bands: Bands = ((mixed * _MIX[0]) >> np.uint64(32)).astype(np.uint32)
    return bands


def from_bytes(stored: bytes) -> Bands:
    return np.frombuffer(stored, "<u4").reshape(-1, BANDS)


def to_bytes(bands: Bands) -> list[bytes]:
    return [row.tobytes() for row in bands.astype("<u4")]


def neighbours(bands: Bands, fresh: NDArray[np.bool_]) -> Pairs:
    """Candidate pairs of which at least one is ``fresh``.

    Within a band, prompts stand in the order of the two bands that follow, so that the most alike are side by side;
    each is paired with the next few and with the first of the band.
    """
    found = []
    for band in range(BANDS):
        values = bands[:, band]
        shared = np.flatnonzero(np.isin(values, values[fresh]))
        after, later = (bands[shared, (band + step) % BANDS] for step in (1, 2))
        order = shared[np.lexsort((shared, later, after, values[shared]))]
        sorted_values = values[order]
        for step in range(1, NEIGHBOURS + 1):
            same = sorted_values[step:] == sorted_values[:-step]
            found.append((order[:-step][same], order[step:][same]))
        found.append((order, _firsts(order, sorted_values)))
    return _distinct(found, fresh)


def _firsts(order: NDArray[np.int64], values: Bands) -> NDArray[np.int64]:
    """For each place the smallest index in its run of equal values."""
    if not len(order):
        return order
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    lengths = np.diff(np.r_[starts, len(order)])
    return np.repeat(np.minimum.reduceat(order, starts), lengths)


def meeting(bands: Bands, left: NDArray[np.int64], right: NDArray[np.int64], limit: int) -> Pairs:
    """Candidate pairs of one of ``left`` and one of ``right``; at most ``limit`` partners for each, in each band."""
    found = []
    for band in range(BANDS):
        values = bands[right, band]
        order = np.argsort(values, kind="stable")
        wanted = bands[left, band]
        low, high = (np.searchsorted(values[order], wanted, side) for side in ("left", "right"))
        counts = np.minimum(high - low, limit)
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
        found.append((np.repeat(left, counts), right[order[places]]))
    return _distinct(found, None)


def _distinct(found: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], fresh: NDArray[np.bool_] | None) -> Pairs:
    first = np.concatenate([pair[0] for pair in found]).astype(np.int64)
    second = np.concatenate([pair[1] for pair in found]).astype(np.int64)
    low, high = np.minimum(first, second), np.maximum(first, second)
    kept = low != high
    if fresh is not None:
        kept &= fresh[low] | fresh[high]
    coded = np.unique((low[kept] << 32) | high[kept])
    return np.stack([coded >> 32, coded & 0xFFFFFFFF], axis=1)
