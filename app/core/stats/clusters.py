"""Cases that belong together (one customer, one document, repeats of one case) carry less information than as many
independent ones. This module measures how much less."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Clustering:
    """``effect``: variance inflation, at least 1. ``critical``: two-sided quantile to use for an interval, ``None``
    where a single cluster leaves no degree of freedom. ``count``: number of clusters."""

    effect: float
    critical: float | None
    count: int


def critical_value(level: float, degrees_of_freedom: int | None = None) -> float:
    """Two-sided quantile: normal, or Student's t where the degrees of freedom are given."""
    tail = (1 + level) / 2
    if degrees_of_freedom is None:
        return NormalDist().inv_cdf(tail)
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, tail))


def cluster_sums(values: Sequence[float], groups: Sequence[Hashable]) -> tuple[list[float], list[int]]:
    """Sum and size of each group, in order of first appearance."""
    sums: dict[Hashable, float] = defaultdict(float)
    sizes: dict[Hashable, int] = defaultdict(int)
    for value, group in zip(values, groups, strict=True):
        sums[group] += value
        sizes[group] += 1
    return list(sums.values()), list(sizes.values())


def clustering(values: Sequence[float], groups: Sequence[Hashable] | None, level: float = 0.95) -> Clustering:
    """Design effect of the mean of ``values``, one group per value.

    effect = Var_cluster / Var_independent, with the linearised ("ultimate cluster") variance
    K/(K−1) · Σ_k (Σ_{i∈k} (x_i − x̄))² / n² over Σ (x_i − x̄)² / (n (n−1)). Dividing counts by it is the method of
    Rao & Scott (1992), *A simple method for the analysis of clustered binary data*, Biometrics 48, 577–585.
    Below 1 it is taken as 1. Where the values do not vary it is the worst case, Σ n_k² / n (Kish 1965). The
    critical value is Student's t with K − 1 degrees of freedom; without groups of two or more it is the normal.
    """
    n = len(values)
    if groups is None or len(set(groups)) == n:
        return Clustering(1.0, critical_value(level), n)
    mean = sum(values) / n
    sums, sizes = cluster_sums([value - mean for value in values], groups)
    count = len(sizes)
    if count < 2:
        return Clustering(float(n), None, count)
    independent = sum((value - mean) ** 2 for value in values) / (n * (n - 1))
    if independent < 1e-12:
        effect = sum(size * size for size in sizes) / n
    else:
        effect = count / (count - 1) * sum(total * total for total in sums) / n**2 / independent
    return Clustering(max(1.0, effect), critical_value(level, count - 1), count)
