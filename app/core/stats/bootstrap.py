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
    Statistic = Callable[[Array, int], Any]  # (values, the axis of the cases) → one figure, or one a resample

RESAMPLES = 2000
AT_ONCE = 2_000_000  # drawn values held at a time: 16 MB
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

    A case is a number or a row of numbers; ``statistic`` takes the array of all cases, or of many resamples at once,
    and the axis of the cases (``mean``, ``at_quantile(0.95)``, ``ratio_of_sums``). Interval: resampling whole cases, or
    whole ``groups``, with the percentiles widened for small samples as in Hesterberg (2015), *What Teachers Should Know
    About the Bootstrap*, The American Statistician 69, 371–386 (α/2 becomes Φ(−t √(k/(k−1))) for k units). p-value:
    random swaps of the two labels within units, add-one rule of Phipson & Smyth (2010), so p ≥ 1/(resamples + 1). mdd:
    2.80 bootstrap standard errors. Fewer than two units: the difference alone. Where a resample has no value (no
    success to divide by) in more than 1 % of cases, interval and mdd are ``None``.
    """
    import numpy as np

    before, after = np.asarray(baseline, dtype=float), np.asarray(candidate, dtype=float)
    if before.shape != after.shape:
        raise ValueError("baseline and candidate must be of the same cases")
    n = len(before)
    if n == 0:
        return NO_DIFFERENCE
    observed = float(statistic(after, 0) - statistic(before, 0))
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


def percentile_interval(
    values: Sequence[Any],
    statistic: Statistic,
    rng: np.random.Generator,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> tuple[float | None, float | None, float | None]:
    """statistic(values) and its bootstrap interval, for a statistic that may be ∞.

    Whole cases, or whole ``groups``, are resampled, and the percentiles widened as in ``paired_bootstrap``; ∞ stands
    above every number. The value is None where it is nan; the limits are where there are fewer than two units or more
    than 1 % of the resamples are nan.
    """
    import numpy as np

    array = np.asarray(values, dtype=float)
    observed = float(statistic(array, 0))
    if np.isnan(observed):
        return None, None, None
    units = _units(len(array), groups)
    if len(units) < 2:
        return observed, None, None
    draws = _drawn(array, statistic, units, rng, resamples)
    known = draws[~np.isnan(draws)]
    if len(known) < 0.99 * len(draws):
        return observed, None, None
    tail = expanded_tail(len(units), level)
    low, high = (float(np.quantile(known, at, method="nearest")) for at in (tail, 1 - tail))
    return observed, low, high


def mean(values: Array, axis: int) -> Any:
    return values.mean(axis=axis)


def at_quantile(q: float) -> Statistic:
    """The quantile of ``quantiles.quantile`` as a statistic for the bootstrap."""

    def statistic(values: Array, axis: int) -> Any:
        import numpy as np

        place = (values.shape[axis] - 1) * q
        low, high = floor(place), ceil(place)
        ordered = np.partition(values, (low, high), axis=axis)
        below, above = ordered.take(low, axis=axis), ordered.take(high, axis=axis)
        return below + (above - below) * (place - low)

    return statistic


def ratio_of_sums(values: Array, axis: int) -> Any:
    """Σ first column / Σ second column (cost over successes); nan where the second sums to 0."""
    import numpy as np

    sums = values.sum(axis=axis)
    top, bottom = sums[..., 0], sums[..., 1]
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)


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

    if len(units) == len(before):
        draws = [
            statistic(after[chosen], 1) - statistic(before[chosen], 1)
            for size in _chunks(resamples, len(before))
            for chosen in (rng.integers(0, len(units), (size, len(units))),)
        ]
        return np.concatenate(draws)
    grouped = np.empty(resamples)
    for index in range(resamples):
        positions = np.concatenate([units[unit] for unit in rng.integers(0, len(units), len(units))])
        grouped[index] = statistic(after[positions], 0) - statistic(before[positions], 0)
    return grouped


def _drawn(values: Array, statistic: Statistic, units: list[Array], rng: np.random.Generator, resamples: int) -> Array:
    """The statistic of each resample of whole units."""
    import numpy as np

    if len(units) == len(values):
        return np.concatenate(
            [
                statistic(values[rng.integers(0, len(units), (size, len(units)))], 1)
                for size in _chunks(resamples, len(values))
            ]
        )
    picked = (rng.integers(0, len(units), len(units)) for _ in range(resamples))
    return np.array([statistic(values[np.concatenate([units[unit] for unit in chosen])], 0) for chosen in picked])


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
    for size in _chunks(resamples, len(before)):
        swap = rng.integers(0, 2, (size, len(units)), dtype=np.int8).astype(bool)[:, unit_of]
        swap = swap.reshape(*swap.shape, *(1,) * (before.ndim - 1))
        swapped = statistic(np.where(swap, before, after), 1) - statistic(np.where(swap, after, before), 1)
        # A swap without a value counts against the claim. The tolerance keeps ties that differ by rounding.
        extreme += int((~(np.abs(swapped) < abs(observed) - 1e-9 * (1 + abs(observed)))).sum())
    return (extreme + 1) / (resamples + 1)


def _chunks(resamples: int, n: int) -> list[int]:
    """How many resamples of ``n`` cases are drawn at a time."""
    size = max(1, min(resamples, AT_ONCE // n))
    return [min(size, resamples - begin) for begin in range(0, resamples, size)]


def _expanded_percentiles(draws: Array, units: int, level: float) -> tuple[float | None, float | None, float | None]:
    """Lower and upper limit, and the standard error, of the finite draws."""
    import numpy as np

    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.99 * len(draws):
        return None, None, None
    tail = expanded_tail(units, level)
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high), float(finite.std(ddof=1))


def expanded_tail(units: int, level: float) -> float:
    """Share of draws beyond each limit, smaller than α/2 where there are few units (Hesterberg 2015)."""
    return NormalDist().cdf(-critical_value(level, units - 1) * sqrt(units / (units - 1)))
