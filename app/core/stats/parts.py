"""Whether one part of the cases differs from the rest of them."""

from collections.abc import Hashable, Sequence
from math import fsum, sqrt

from app.core.stats.clusters import cluster_sums


def differs_from_rest(
    part: Sequence[float], part_groups: Sequence[Hashable], rest: Sequence[float], rest_groups: Sequence[Hashable]
) -> float | None:
    """Two-sided p that the two means are the same; no group stands in both.

    Welch's t with the variance of a mean of whole groups (``clusters.clustering``) and Satterthwaite's degrees of
    freedom, groups counted: Welch (1947), Biometrika 34, 28–35. None with fewer than two groups on a side, or where
    nothing varies.
    """
    (mean_a, variance_a, a), (mean_b, variance_b, b) = _mean(part, part_groups), _mean(rest, rest_groups)
    if variance_a is None or variance_b is None or variance_a + variance_b <= 0:
        return None
    from scipy.special import stdtr

    freedom = (variance_a + variance_b) ** 2 / (variance_a**2 / (a - 1) + variance_b**2 / (b - 1))
    return float(2 * stdtr(freedom, -abs(mean_a - mean_b) / sqrt(variance_a + variance_b)))


def _mean(values: Sequence[float], groups: Sequence[Hashable]) -> tuple[float, float | None, int]:
    """Mean, its variance and the number of groups."""
    n = len(values)
    mean = fsum(values) / n if n else 0.0
    sums, _sizes = cluster_sums([value - mean for value in values], groups)
    count = len(sums)
    if count < 2:
        return mean, None, count
    return mean, count / (count - 1) * fsum(total * total for total in sums) / n**2, count
