"""Chart geometry: positions that a reader would check by eye, and silence where there is no data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import charts, grids


def test_difference_axis_is_symmetric_and_zero_stands_in_the_middle() -> None:
    axis = charts.difference_axis([0.063, 0.254, -0.348, None])
    mark = charts.interval_mark(axis, 0.063, 0.158, 0.254, "good")
    assert mark is not None
    assert axis.low == -axis.high
    assert mark.x_zero == 50.0
    assert 50 < mark.x_low < mark.x_point < mark.x_high < 100
    assert (mark.cut_low, mark.cut_high) == (False, False)


def test_interval_beyond_the_axis_is_cut_and_says_so() -> None:
    mark = charts.interval_mark(charts.Axis(-0.1, 0.1), -0.5, 0.0, 0.05)
    assert mark is not None
    assert (mark.x_low, mark.cut_low, mark.cut_high) == (0.0, True, False)


@pytest.mark.parametrize("missing", [(None, 0.1, 0.2), (0.0, None, 0.2), (0.0, 0.1, None)])
def test_no_interval_draws_nothing(missing: tuple[float | None, float | None, float | None]) -> None:
    assert charts.interval_mark(charts.RATE_AXIS, *missing) is None


def test_rate_axis_shows_no_zero_rule() -> None:
    mark = charts.interval_mark(charts.RATE_AXIS, 0.5, 0.6, 0.7)
    assert mark is not None
    assert mark.x_zero is None
    assert mark.x_point == 60.0


def test_sparkline_breaks_at_gaps_and_ends_at_the_last_known_value() -> None:
    line = charts.sparkline([1.0, 2.0, None, 4.0], width=96, height=24)
    assert line is not None
    assert line.runs == ("3,21 33,15", "93,3")
    assert (line.last_x, line.last_y) == (93.0, 3.0)
    assert charts.sparkline([None, None]) is None


def test_flat_sparkline_stands_in_the_middle() -> None:
    line = charts.sparkline([5.0, 5.0])
    assert line is not None
    assert line.last_y == 12.0


def test_bars_keep_missing_apart_from_zero_by_their_text() -> None:
    rows = [charts.BarRow("a", 4, "4"), charts.BarRow("b", None, "–"), charts.BarRow("c", 1, "1", url="#c")]
    bars = charts.bars(rows)
    assert [(bar.width, bar.text, bar.url) for bar in bars] == [(100.0, "4", None), (0.0, "–", None), (25.0, "1", "#c")]
    assert charts.bars([charts.BarRow("a", 0, "0")])[0].width == 0.0


def test_nice_steps() -> None:
    assert [charts.nice_step(span, 10) for span in (1, 9, 32, 0.07, 0)] == [0.1, 1.0, 5.0, 0.01, 1.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_histogram_counts_every_value_inside_the_picture(values: list[float]) -> None:
    chart = charts.histogram(values)
    assert chart is not None
    assert sum(one.count for one in chart.bins) == chart.total == len(values)
    assert len(chart.bins) <= 40
    assert all(0 <= one.x <= one.x + one.width <= 100.5 and one.y >= charts.HIST_TOP - 0.01 for one in chart.bins)


def test_histogram_without_values() -> None:
    assert charts.histogram([None]) is None
    assert charts.histogram([]) is None


def test_confusion_rows_and_refusal_of_counts_that_do_not_fit() -> None:
    grid = grids.confusion(["answer", "refuse"], [[8, 2, 0], [1, 3, 1]], columns=["answer", "refuse", "failed"])
    assert [row.total for row in grid.rows] == [10, 5]
    assert [[cell.right for cell in row.cells] for row in grid.rows] == [[True, False, False], [False, True, False]]
    assert grid.rows[0].cells[0].shade == 0.24
    with pytest.raises(ValueError, match="fit"):
        grids.confusion(["a"], [[1, 2]])


def test_calibration_leaves_out_empty_groups() -> None:
    chart = grids.calibration([(0.5, 0.5, 0.3, 0.7, 20), (0.9, 0.0, 0.0, 0.0, 0)])
    assert chart is not None
    assert [(p.x, p.y) for p in chart.points] == [(160.0, 140.0)]
    assert chart.total == 20
    assert grids.calibration([(0.5, 0, 0, 0, 0)]) is None
