"""Base against candidate on the same cases, where each case passes or does not."""

from collections.abc import Callable, Hashable, Sequence
from math import sqrt

from app.core.stats.clusters import cluster_sums, clustering
from app.core.stats.power import minimum_detectable_difference
from app.core.stats.results import NO_DIFFERENCE, PairedDifference


def paired_difference(
    baseline: Sequence[float],
    candidate: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> PairedDifference:
    """Difference of pass rates, candidate − baseline, over cases in the same order; values are 0 or 1.

    Range [−1, 1]. Interval: Tango's score interval. p-value: McNemar's exact test. With ``groups`` (one per case)
    the counts are divided by the design effect (see ``clusters.clustering``), the critical value is Student's t,
    and the test flips whole groups. One group only: a difference without interval, test or mdd. No cases: all
    ``None``. Swapping the two runs mirrors the interval and keeps p.
    """
    if any(value not in (0, 1) for value in (*baseline, *candidate)):
        raise ValueError("values must be 0 or 1; take bootstrap.paired_bootstrap for others")
    signs = [int(after - before) for before, after in zip(baseline, candidate, strict=True)]
    n = len(signs)
    if n == 0:
        return NO_DIFFERENCE
    difference = sum(signs) / n
    shape = clustering(signs, groups, level)
    if shape.critical is None:
        return PairedDifference(difference, None, None, None, n, None)
    gains, losses, size = signs.count(1) / shape.effect, signs.count(-1) / shape.effect, n / shape.effect
    low, high = tango_interval(gains, losses, size, shape.critical)
    sums = signs if groups is None else [round(total) for total in cluster_sums(signs, groups)[0]]
    apart = (n - signs.count(0)) / n  # not of the divided counts: their sum may be a hair above their size
    mdd = minimum_detectable_difference(int(size), apart, alpha=1 - level)
    return PairedDifference(difference, low, high, sign_flip_test(sums), n, mdd)


def mcnemar_exact(gains: int, losses: int) -> float:
    """McNemar's exact two-sided p: min(1, 2·P(X ≤ min(gains, losses))), X ~ Binomial(gains + losses, ½).

    Range (0, 1]; 1 where no case changed. Source: McNemar (1947), Psychometrika 12, 153–157, with the exact
    binomial reference distribution.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(gains, losses), gains + losses, 0.5))) if gains + losses else 1.0


def sign_flip_test(sums: Sequence[int]) -> float:
    """Exact two-sided p that the total of per-group differences is as far from 0, when each group's sign is a coin.

    P(|Σ ±|d_k|| ≥ |Σ d_k|), by convolution, without sampling. With one case a group it is McNemar's exact test.
    Range (0, 1]. Source: Fisher's randomisation test; for groups see Edgington & Onghena (2007),
    *Randomization Tests*.
    """
    changes = [abs(value) for value in sums if value]
    if all(value == 1 for value in changes):
        return mcnemar_exact(sum(value > 0 for value in sums), sum(value < 0 for value in sums))
    import numpy as np

    reach = sum(changes)
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for value in changes:
        chances = (np.roll(chances, value) + np.roll(chances, -value)) / 2
    observed = abs(sum(sums))
    totals = np.abs(np.arange(-reach, reach + 1))
    return min(1.0, float(chances[totals >= observed].sum()))


def tango_interval(gains: float, losses: float, n: float, critical: float) -> tuple[float, float]:
    """Tango's score interval for a difference of paired proportions: all Δ with |T(Δ)| ≤ critical.

    T(Δ) = (b − c − nΔ) / √(n (2q + Δ(1 − Δ))), with q the maximum-likelihood estimate of the chance of a loss under
    Δ; b gains, c losses, n cases (whole or divided by a design effect). Range [−1, 1]; mirrored when b and c swap;
    of positive width even where nothing changed. Source: Tango (1998), Statistics in Medicine 17, 891–908; its
    coverage among the best in Fagerland, Lydersen & Laake (2014), Statistics in Medicine 33, 2850–2875.
    """
    difference = (gains - losses) / n

    def score(delta: float) -> float:
        linear = 2 * n * delta - (gains + losses) - (gains - losses) * delta
        constant = losses * delta * (1 - delta)
        root = sqrt(max(0.0, linear * linear + 8 * n * constant))
        losing = (root - linear) / (4 * n)
        variance = n * (2 * losing + delta * (1 - delta))
        distance = abs(gains - losses - n * delta)
        return distance / sqrt(variance) if variance > 1e-15 * n else (0.0 if distance < 1e-9 * n else 1e9)

    def limit(end: float) -> float:
        return _crossing(lambda delta: score(delta) <= critical, difference, end)

    return limit(-1.0), limit(1.0)


def _crossing(inside: Callable[[float], bool], start: float, end: float) -> float:
    """The last point from ``start`` towards ``end`` that is inside, by bisection."""
    if inside(end):
        return end
    for _ in range(52):
        middle = (start + end) / 2
        start, end = (middle, end) if inside(middle) else (start, middle)
    return start
