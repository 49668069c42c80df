"""Geometry of the server-rendered charts: plain numbers in, frozen coordinates out, no markup and no colours.

Horizontal positions are percentages of the width (0..100), so that a chart fits any column without a view box.
``None`` means "no data" and is never drawn as zero. Everything is rounded to 2 decimals: enough for a screen,
short in HTML. The macros that draw these stand in ``templates/components/charts.html``.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HIST_TOP, HIST_BASE = 16.0, 129.0  # px inside the 150 px tall histogram
SQUARE_LEFT, SQUARE_TOP, SQUARE_SIZE = 30.0, 10.0, 260.0  # px inside the 300 × 300 calibration square


@dataclass(frozen=True)
class Axis:
    """A linear scale; ``at`` gives the percentage where a value stands, held inside the axis."""

    low: float
    high: float

    def at(self, value: float) -> float:
        if self.high <= self.low:
            return 50.0
        return round(min(100.0, max(0.0, (value - self.low) / (self.high - self.low) * 100)), 2)


RATE_AXIS = Axis(0.0, 1.0)


def difference_axis(bounds: Iterable[float | None], least: float = 0.1) -> Axis:
    """An axis symmetric about zero that holds every bound, at least ± ``least``, with 8 % of air at each end."""
    reach = max([abs(b) for b in bounds if b is not None and math.isfinite(b)] + [least])
    return Axis(-reach * 1.08, reach * 1.08)


@dataclass(frozen=True)
class IntervalMark:
    """One interval with its estimate, in percent of the width. ``x_zero`` is None where the axis has no zero to show.

    ``cut_low`` and ``cut_high`` say that the interval goes on beyond the axis (drawn as an arrow).
    """

    x_low: float
    x_point: float
    x_high: float
    x_zero: float | None
    cut_low: bool
    cut_high: bool
    tone: str


def interval_mark(
    axis: Axis, low: float | None, point: float | None, high: float | None, tone: str = "neutral"
) -> IntervalMark | None:
    """None when there is no estimate or no interval: then nothing is drawn."""
    if low is None or point is None or high is None:
        return None
    zero = axis.at(0.0) if axis.low < 0 < axis.high else None
    return IntervalMark(axis.at(low), axis.at(point), axis.at(high), zero, low < axis.low, high > axis.high, tone)


@dataclass(frozen=True)
class Sparkline:
    """``runs`` are the ``points`` of polylines, one for each stretch without a gap."""

    runs: tuple[str, ...]
    last_x: float
    last_y: float
    width: int
    height: int


def sparkline(values: Sequence[float | None], width: int = 96, height: int = 24) -> Sparkline | None:
    """A line from the least (bottom) to the greatest value (top); a flat line stands in the middle."""
    known = [v for v in values if v is not None]
    if not known:
        return None
    pad = 3
    low, span = min(known), max(known) - min(known)
    step = (width - 2 * pad) / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    last = (0.0, 0.0)
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        rise = (value - low) / span if span else 0.5
        last = (round(pad + index * step, 2), round(height - pad - rise * (height - 2 * pad), 2))
        runs[-1].append(f"{last[0]:g},{last[1]:g}")
    return Sparkline(tuple(" ".join(run) for run in runs if run), *last, width, height)


class BarRow(NamedTuple):
    """``value`` may be None (no data: no bar); ``text`` is the value as it is written."""

    label: str
    value: float | None
    text: str
    url: str | None = None
    tone: str | None = None


@dataclass(frozen=True)
class Bar:
    label: str
    text: str
    width: float  # percent of the longest possible bar
    url: str | None = None
    tone: str | None = None


def bars(rows: Iterable[BarRow], top: float | None = None) -> tuple[Bar, ...]:
    """Bars from zero; ``top`` is the value of a full bar (the largest where absent)."""
    listed = list(rows)
    full = top if top is not None else max((row.value for row in listed if row.value is not None), default=0.0)
    axis = Axis(0.0, full)
    return tuple(
        Bar(r.label, r.text, axis.at(r.value) if r.value is not None and full > 0 else 0.0, r.url, r.tone)
        for r in listed
    )


@dataclass(frozen=True)
class Bin:
    low_text: str
    high_text: str
    count: int
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Tick:
    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Histogram:
    bins: tuple[Bin, ...]
    ticks: tuple[Tick, ...]
    top: int
    total: int
    words: str


def nice_step(span: float, wanted: int) -> float:
    """The 1, 2 or 5 × 10ⁿ that cuts ``span`` into about ``wanted`` parts."""
    if span <= 0:
        return 1.0
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    return next(step * power for step in (1, 2, 5, 10) if raw <= step * power * (1 + 1e-9))


def histogram(values: Iterable[float | None], wanted: int = 16) -> Histogram | None:
    """Counts in bins of a round width, each [low, high), the last closed. None without a value."""
    known = sorted(v for v in values if v is not None and math.isfinite(v))
    if not known:
        return None
    step = nice_step(known[-1] - known[0], wanted)
    first = math.floor(known[0] / step)
    number = max(1, math.ceil(known[-1] / step - 1e-9) - first)
    counts = [0] * number
    for value in known:
        counts[min(number - 1, math.floor(value / step - first))] += 1
    top, share = max(counts), 100 / number
    bins = tuple(_bin(first + i, step, counts[i], i * share, share, top) for i in range(number))
    edges = [Tick(0, _short(first * step), "start"), Tick(100, _short((first + number) * step), "end")]
    if number > 3:
        middle = number // 2
        edges.insert(1, Tick(round(middle * share, 2), _short((first + middle) * step), "middle"))
    words = f"{_short(known[0])} to {_short(known[-1])}, median {_short(_median(known))}, n {len(known)}"
    return Histogram(bins, tuple(edges), top, len(known), words)


def _bin(index: int, step: float, count: int, x: float, share: float, top: int) -> Bin:
    height = round((HIST_BASE - HIST_TOP) * count / top, 2)
    gap = min(0.4, share / 4)
    low, high = _short(index * step), _short((index + 1) * step)
    return Bin(low, high, count, round(x + gap / 2, 2), round(share - gap, 2), round(HIST_BASE - height, 2), height)


def _median(ordered: Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _short(value: float) -> str:
    return f"{round(value, 6):,.6g}".replace("-", "\N{MINUS SIGN}") if abs(value) < 1e6 else f"{value:,.0f}"
