"""One line of a table of measures: an estimate in words, with its interval drawn."""

from dataclasses import dataclass

from app.core.stats.results import Estimate
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.words import percent


@dataclass(frozen=True)
class Measure:
    label: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    note: str = ""


def share(label: str, e: Estimate, note: str = "") -> Measure:
    """A rate in 0..1."""
    interval = f"{percent(e.low)} to {percent(e.high)}" if e.low is not None else "no interval"
    return Measure(label, percent(e.value), interval, e.n, interval_mark(RATE_AXIS, e.low, e.value, e.high), note)


def coefficient(label: str, e: Estimate) -> Measure:
    """A coefficient of agreement; what lies below chance is not drawn."""
    value = "–" if e.value is None else f"{e.value:.2f}"
    interval = f"{e.low:.2f} to {e.high:.2f}" if e.low is not None and e.high is not None else "no interval"
    mark = interval_mark(RATE_AXIS, max(e.low, 0.0) if e.low is not None else None, e.value, e.high)
    return Measure(label, value, interval, e.n, mark, "1 is perfect, 0 is chance")
