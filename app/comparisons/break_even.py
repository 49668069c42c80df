"""After how many tasks a tuned candidate has paid for its making. Pure."""

from collections.abc import Hashable
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Literal

from app.core.stats.bootstrap import percentile_interval
from app.core.stats.seeds import generator
from app.evals.rules import Measured

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

State = Literal["pays_back", "never", "from_the_first", "unknown"]


@dataclass(frozen=True)
class BreakEven:
    """``tasks`` with its 95 % interval; ``high`` None with ``state`` pays_back: the interval has no upper end, the
    evidence does not exclude that it never pays back. ``low`` None: it may not pay back at all."""

    state: State
    tasks: float | None
    low: float | None
    high: float | None
    n: int


NOT_KNOWN = BreakEven("unknown", None, None, None, 0)


def break_even(baseline: Measured, candidate: Measured, fixed: tuple[float, float], seed: str) -> BreakEven:
    """The volume V in tasks at which both cost the same per success, fully loaded.

    With the cost per task c, the share of successes s and the cost of making F of the baseline (b) and the tuned
    candidate (t), the loaded cost per success is (c + F/V) / s, as in ``rules.loaded_difference``. Both are equal at

        V = (F_t / s_t − F_b / s_b) / (c_b / s_b − c_t / s_t).

    Where the denominator (what a success costs less, marginally) is not above 0 it never pays back, however many
    tasks; where only the numerator is not above 0 it does from the first. Interval: whole cases, or whole groups, are
    resampled, c and s of both taken anew each time, and a resample in which it never pays back counts as ∞, so that
    the interval may have no upper end.
    """
    if baseline.costs is None or candidate.costs is None:
        return NOT_KNOWN
    ours = candidate.costs.keys() & candidate.success.keys()
    cases = [case for case in baseline.costs if case in baseline.success and case in ours]
    if not cases:
        return NOT_KNOWN
    rows = [
        (baseline.costs[case], baseline.success[case], candidate.costs[case], candidate.success[case]) for case in cases
    ]
    units: list[Hashable] = [candidate.groups[case] for case in cases]
    rng = generator("break even", seed, *fixed)
    found, low, high = percentile_interval(rows, lambda values, axis: _volume(values, axis, fixed), rng, units)
    if found is None:
        return NOT_KNOWN
    n = len(cases)
    if found == inf:
        return BreakEven("never", None, _finite(low), None, n)
    if found == 0:
        return BreakEven("from_the_first", 0.0, _finite(low), _finite(high), n)
    return BreakEven("pays_back", found, _finite(low), _finite(high), n)


def _volume(values: "Array", axis: int, fixed: tuple[float, float]) -> Any:
    """V of the cases, or of many resamples at once: ∞ where it never pays back, nan where a side has no success."""
    import numpy as np

    cost_b, success_b, cost_t, success_t = np.moveaxis(values.mean(axis=axis), -1, 0)
    known = (success_b > 0) & (success_t > 0)
    s_b, s_t = np.where(known, success_b, 1.0), np.where(known, success_t, 1.0)
    saved = cost_b / s_b - cost_t / s_t
    more = np.maximum(fixed[1] / s_t - fixed[0] / s_b, 0.0)
    volume = np.where(saved > 0, more / np.where(saved > 0, saved, 1.0), inf)
    return np.where(known, volume, np.nan)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
