"""Geometry of the two-dimensional charts: confusion tables and calibration. As pure as ``charts``."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.web.charts import SQUARE_LEFT, SQUARE_SIZE, SQUARE_TOP
from app.web.words import percent


@dataclass(frozen=True)
class Cell:
    count: int
    right: bool
    shade: float  # opacity of the cell's colour, 0..0.3, from its share of the row


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[Cell, ...]
    total: int


@dataclass(frozen=True)
class Confusion:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int


def confusion(
    labels: Sequence[str], counts: Sequence[Sequence[int]], columns: Sequence[str] | None = None
) -> Confusion:
    """``counts[expected][given]``. ``columns`` where more can come than is expected (a failed output, say).

    Raises ValueError when the counts do not fit the labels.
    """
    names = tuple(columns or labels)
    if len(counts) != len(labels) or any(len(row) != len(names) for row in counts):
        raise ValueError("counts do not fit the labels")
    rows = tuple(_row(label, names, row) for label, row in zip(labels, counts, strict=True))
    return Confusion(names, rows, sum(row.total for row in rows))


def _row(label: str, columns: tuple[str, ...], counts: Sequence[int]) -> Row:
    total = sum(counts)
    cells = tuple(
        Cell(count, label == column, round(0.3 * count / total, 3) if total else 0.0)
        for column, count in zip(columns, counts, strict=True)
    )
    return Row(label, cells, total)


@dataclass(frozen=True)
class CalibrationPoint:
    """One group of cases: what was claimed, what was true, its interval (all 0..1), and where it stands in px."""

    claimed: float
    true: float
    low: float
    high: float
    n: int
    x: float
    y: float
    y_low: float
    y_high: float


@dataclass(frozen=True)
class Calibration:
    points: tuple[CalibrationPoint, ...]
    total: int
    words: str


def calibration(groups: Sequence[tuple[float, float, float, float, int]]) -> Calibration | None:
    """(claimed, true, low, high, n) per group, rates in 0..1. Groups of no case are left out; None without any."""
    filled = [group for group in groups if group[4] > 0]
    if not filled:
        return None
    points = tuple(
        CalibrationPoint(claimed, true, low, high, n, _x(claimed), _y(true), _y(low), _y(high))
        for claimed, true, low, high, n in filled
    )
    words = "; ".join(f"claimed {percent(p.claimed, 0)}, true {percent(p.true, 0)}" for p in points)
    return Calibration(points, sum(p.n for p in points), words)


def _x(rate: float) -> float:
    return round(SQUARE_LEFT + rate * SQUARE_SIZE, 2)


def _y(rate: float) -> float:
    return round(SQUARE_TOP + (1 - rate) * SQUARE_SIZE, 2)
