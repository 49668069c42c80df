"""Stored metrics in words and as rows of a table."""

from dataclasses import dataclass
from typing import Any

from app.evals.catalogue import METRICS
from app.web.charts import RATE_AXIS, IntervalMark, interval_mark
from app.web.words import milliseconds, money, percent


@dataclass(frozen=True)
class MetricRow:
    key: str
    label: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None
    note: str


def shown(metric: dict[str, Any]) -> str:
    write = {"ms": milliseconds, "usd": money}.get(METRICS[metric["key"]].unit, percent)
    return write(metric["value"])


def metric_row(metric: dict[str, Any]) -> MetricRow:
    """A stored metric as the table shows it."""
    kind = METRICS[metric["key"]]
    write = {"ms": milliseconds, "usd": money}.get(kind.unit, percent)
    low, high = metric.get("interval") or (None, None)
    interval = "no interval" if low is None and high is None else f"{write(low)} to {write(high)}"
    mark = interval_mark(RATE_AXIS, low, metric["value"], high) if kind.unit == "share" else None
    left_out = metric.get("not_gradable") or 0
    note = f"{left_out} more could not be graded" if left_out else "" if kind.higher_is_better else "lower is better"
    return MetricRow(metric["key"], kind.label, write(metric["value"]), interval, metric["n"], mark, note)
