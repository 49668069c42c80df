"""What the functions of this package return."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and the number of observations behind it.

    ``value`` is ``None`` when there is no data. ``low`` or ``high`` is ``None`` when the data cannot bound that
    side (the 95th percentile of ten latencies has no upper bound), never a stand-in such as 0.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Candidate minus baseline over the same ``n`` cases.

    ``p_value`` is two-sided and not corrected for the other rows of a page. ``mdd`` is the minimum detectable
    difference: the smallest true difference that this n had an 80 % chance to show; ``None`` where no difference,
    however large, could have been shown.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    mdd: float | None


NO_DIFFERENCE = PairedDifference(None, None, None, None, 0, None)
