"""Quantiles of one run (latency p50, p95) with distribution-free intervals."""

from collections.abc import Sequence
from math import ceil, floor

from app.core.stats.results import Estimate


def quantile(values: Sequence[float], q: float) -> float | None:
    """Quantile with linear interpolation (type 7 of Hyndman & Fan 1996, numpy's default); none of no values."""
    if not 0 <= q <= 1:
        raise ValueError(f"q must lie between 0 and 1: {q}")
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * q
    low, high = floor(place), ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def quantile_estimate(
    values: Sequence[float], q: float, level: float = 0.95, independent: int | None = None
) -> Estimate:
    """Quantile with the order-statistic interval [x₍ₗ₎, x₍ᵤ₎].

    l is the largest rank with P(B < l) ≤ α/2 and u the smallest with P(B ≥ u) ≤ α/2, B ~ Binomial(n, q): coverage is
    at least ``level`` for any distribution. A side that no rank reaches is ``None`` (p95 needs 72 values for an upper
    limit at 95 %). ``independent``: number of independent cases where values include repeats; ranks are found for
    that number and carried over to the values. Source: David & Nagaraja (2003), *Order Statistics*, § 7.1.
    """
    value = quantile(values, q)
    n = len(values)
    if value is None:
        return Estimate(None, None, None, 0)
    effective = min(n, independent) if independent else n
    lower, upper = _ranks(effective, q, level)
    ordered = sorted(values)
    low = None if lower is None else ordered[floor((lower - 1) * n / effective)]
    high = None if upper is None else ordered[ceil(upper * n / effective) - 1]
    return Estimate(value, low, high, n)


def _ranks(n: int, q: float, level: float) -> tuple[int | None, int | None]:
    """One-based ranks of the lower and upper limit."""
    import numpy as np
    from scipy.special import bdtr, bdtrc

    tail = (1 - level) / 2
    ranks = np.arange(1, n + 1)
    below = np.flatnonzero(bdtr(ranks - 1, n, q) <= tail)  # P(B <= l - 1)
    above = np.flatnonzero(bdtrc(ranks - 1, n, q) <= tail)  # P(B >= u)
    return (int(ranks[below[-1]]) if below.size else None, int(ranks[above[0]]) if above.size else None)
