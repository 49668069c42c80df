"""Shares and means of one run, with intervals."""

from collections.abc import Hashable, Sequence
from math import exp, fsum, log, sqrt

from app.core.stats.clusters import clustering, critical_value
from app.core.stats.results import Estimate


def wilson(successes: float, n: int, level: float = 0.95) -> Estimate:
    """Share ``successes / n`` with Wilson's score interval.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n); range [0, 1]; n = 0 gives no value. 0 of n and n of n keep an
    interval of positive width. Source: Wilson (1927), JASA 22, 209–212; recommended by Brown, Cai & DasGupta (2001),
    Statistical Science 16, 101–133.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and n: {successes} of {n}")
    if n == 0:
        return Estimate(None, None, None, 0)
    low, high = score_interval(successes, n, critical_value(level))
    return Estimate(successes / n, low, high, n)


def score_interval(successes: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's limits for counts that need not be whole, as after division by a design effect."""
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The limits touch 0 and 1 exactly only at the ends; rounding must not carry them past the share itself.
    return max(0.0, min(share, (centre - half) / scale)), min(1.0, max(share, (centre + half) / scale))


def rate(values: Sequence[float], groups: Sequence[Hashable] | None = None, level: float = 0.95) -> Estimate:
    """Mean of per-case values in [0, 1] (1 passed, 0 not, between: share of repeats that passed).

    Wilson's interval on counts divided by the design effect of ``groups`` (see ``clusters.clustering``). Fractions
    are treated as if they had a coin's variance, which can only widen the interval. No values: no estimate; a
    single group: a value without an interval.
    """
    if any(not 0 <= value <= 1 for value in values):
        raise ValueError("every value must lie between 0 and 1")
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    shape = clustering(values, groups, level)
    total = fsum(values)
    if shape.critical is None:
        return Estimate(total / n, None, None, n)
    low, high = score_interval(total / shape.effect, n / shape.effect, shape.critical)
    return Estimate(total / n, low, high, n)


def mean(values: Sequence[float], level: float = 0.95) -> Estimate:
    """Arithmetic mean with Student's t interval x̄ ± t s/√n; one value has no interval, none has no estimate."""
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    centre = fsum(values) / n
    if n == 1:
        return Estimate(centre, None, None, 1)
    spread = sqrt(fsum((value - centre) ** 2 for value in values) / (n * (n - 1)))
    half = critical_value(level, n - 1) * spread
    return Estimate(centre, centre - half, centre + half, n)


def ratio(numerators: Sequence[float], denominators: Sequence[float], level: float = 0.95) -> Estimate:
    """Σ numerators / Σ denominators over the same cases, for example cost over successes.

    Interval on the log scale, exp(log R ± t·se), se² = n/(n−1) · Σ (y_i − R x_i)² / (Σ y)², so that it stays
    positive. Source: the ratio estimator of Cochran (1977), *Sampling Techniques*, ch. 6, by the delta method.
    ``None`` where the denominators sum to 0; no interval for one case or a total of 0.
    """
    n = len(numerators)
    top, bottom = fsum(numerators), fsum(denominators)
    if n != len(denominators):
        raise ValueError("numerators and denominators must be of the same cases")
    if bottom <= 0:
        return Estimate(None, None, None, n)
    value = top / bottom
    if n < 2 or value <= 0:
        return Estimate(value, None, None, n)
    errors = fsum((y - value * x) ** 2 for y, x in zip(numerators, denominators, strict=True))
    half = critical_value(level, n - 1) * sqrt(n / (n - 1) * errors) / top
    # A half-width above ~700 would overflow: then there is no useful upper bound.
    return Estimate(value, exp(log(value) - half), exp(log(value) + half) if half < 700 else None, n)
