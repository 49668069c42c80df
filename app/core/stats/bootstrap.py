"""Base against candidate on the same cases, where each case has a number: latency, cost, a share of repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from math import ceil, floor, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from app.core.stats.clusters import critical_value
from app.core.stats.results import NO_DIFFERENCE, PairedDifference

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Statistic = Callable[[Array], float]

RESAMPLES = 2000
# (z₀.₉₇₅ + z₀.₈₀): the distance from 0, in standard errors, that a two-sided 5 % test shows with 80 % power.
DETECTABLE = NormalDist().inv_cdf(0.975) + NormalDist().inv_cdf(0.80)


def paired_bootstrap(
    baseline: Sequence[Any],
    candidate: Sequence[Any],
    statistic: Statistic,
    rng: np.random.Generator,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> PairedDifference:
    """statistic(candidate) − statistic(baseline), over the same cases in the same order.

    A case is a number or a row of numbers; ``statistic`` takes the array of all cases (``mean``, ``at_quantile(0.95)``,
    ``ratio_of_sums``). Interval: resampling whole cases, or whole ``groups``, with the percentiles widened for small
    samples as in Hesterberg (2015), *What Teachers Should Know About the Bootstrap*, The American Statistician 69,
    371–386 (α/2 becomes Φ(−t √(k/(k−1))) for k units). p-value: random swaps of the two labels within units, add-one
    rule of Phipson & Smyth (2010), so p ≥ 1/(resamples + 1). mdd: 2.80 bootstrap standard errors. Fewer than two
    units: the difference alone. Where a resample has no value (no success to divide by) in more than 1 % of cases,
    interval and mdd are ``None``.
    """
    import numpy as np

    before, after = np.asarray(baseline, dtype=float), np.asarray(candidate, dtype=float)
    if before.shape != after.shape:
        raise ValueError("baseline and candidate must be of the same cases")
    n = len(before)
    if n == 0:
        return NO_DIFFERENCE
    observed = statistic(after) - statistic(before)
    units = _units(n, groups)
    if not np.isfinite(observed):
        return PairedDifference(None, None, None, None, n, None)
    if len(units) < 2:
        return PairedDifference(observed, None, None, None, n, None)
    draws = _resampled(before, after, statistic, units, rng, resamples)
    p_value = _swap_test(before, after, statistic, units, rng, resamples, observed)
    low, high, error = _expanded_percentiles(draws, len(units), level)
    mdd = None if error is None else DETECTABLE * error
    return PairedDifference(observed, low, high, p_value, n, mdd)


def mean(values: Array) -> float:
    return float(values.mean())


def at_quantile(q: float) -> Statistic:
    """The quantile of ``quantiles.quantile`` as a statistic for the bootstrap."""

    def statistic(values: Array) -> float:
        import numpy as np

        place = (len(values) - 1) * q
        low, high = floor(place), ceil(place)
        ordered = np.partition(values, (low, high))
        return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))

    return statistic


def ratio_of_sums(values: Array) -> float:
    """Σ first column / Σ second column (cost over successes); nan where the second sums to 0."""
    top, bottom = values.sum(axis=0)
    return float(top / bottom) if bottom > 0 else float("nan")


def _units(n: int, groups: Sequence[Hashable] | None) -> list[Array]:
    """Positions of the cases of each unit that is drawn or swapped as a whole."""
    import numpy as np

    members: dict[Hashable, list[int]] = defaultdict(list)
    for position, group in enumerate(range(n) if groups is None else groups):
        members[group].append(position)
    return [np.asarray(positions) for positions in members.values()]


def _resampled(
    before: Array, after: Array, statistic: Statistic, units: list[Array], rng: np.random.Generator, resamples: int
) -> Array:
    import numpy as np

    single = len(units) == len(before)
    draws = np.empty(resamples)
    for index in range(resamples):
        chosen = rng.integers(0, len(units), len(units))
        positions = chosen if single else np.concatenate([units[unit] for unit in chosen])
        draws[index] = statistic(after[positions]) - statistic(before[positions])
    return draws


def _swap_test(
    before: Array,
    after: Array,
    statistic: Statistic,
    units: list[Array],
    rng: np.random.Generator,
    resamples: int,
    observed: float,
) -> float:
    import numpy as np

    unit_of = np.empty(len(before), dtype=int)
    for number, positions in enumerate(units):
        unit_of[positions] = number
    extreme = 0
    for _ in range(resamples):
        swap = rng.integers(0, 2, len(units)).astype(bool)[unit_of]
        swap = swap.reshape(-1, *(1,) * (before.ndim - 1))
        swapped = statistic(np.where(swap, before, after)) - statistic(np.where(swap, after, before))
        # A swap without a value counts against the claim. The tolerance keeps ties that differ by rounding.
        extreme += not abs(swapped) < abs(observed) - 1e-9 * (1 + abs(observed))
    return (extreme + 1) / (resamples + 1)


def _expanded_percentiles(draws: Array, units: int, level: float) -> tuple[float | None, float | None, float | None]:
    """Lower and upper limit, and the standard error, of the finite draws."""
    import numpy as np

    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.99 * len(draws):
        return None, None, None
    tail = NormalDist().cdf(-critical_value(level, units - 1) * sqrt(units / (units - 1)))
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high), float(finite.std(ddof=1))
