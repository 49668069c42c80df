"""A comparison as the page tells it: lines of its tables, and the sentences above them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.comparisons.parts import PartOfCases
from app.comparisons.rules import Row
from app.core.stats.words import amount, interval, p_text, result, signed
from app.web.charts import Axis, IntervalMark, difference_axis, interval_mark

TONES = {"better": "good", "worse": "bad"}
LONG_NAME = 20  # characters beyond which a table's head says "Baseline" and "Candidate" instead


@dataclass(frozen=True)
class Line:
    """One row of ``comparison_table``: a metric, latency or cost, a slice. Right of zero is always the better side."""

    label: str
    baseline: str
    candidate: str
    difference: str
    mark: IntervalMark | None
    interval_text: str
    n: int
    could_show: str
    verdict: str
    tone: str
    url: str | None = None


def heads(baseline: str, candidate: str) -> tuple[str, str]:
    short = max(len(baseline), len(candidate)) <= LONG_NAME
    return (baseline, candidate) if short else ("Baseline", "Candidate")


def said(verdict: str) -> str:
    return "not shown" if verdict == "no_difference_shown" else verdict


def tone(rows: Sequence[Row]) -> str:
    """Of the statement: what is shown of the answers themselves, and whether it points both ways."""
    found = {row.verdict for row in rows if row.unit == "share"} - {"no_difference_shown"}
    if len(found) == 2:
        return "warn"
    return TONES[found.pop()] if found else "neutral"


def detail(rows: Sequence[Row]) -> str:
    """In whole sentences the first thing that got better and what got worse; the first metric's where nothing is
    shown of the answers themselves."""
    graded = [row for row in rows if row.unit == "share"]
    shown = [row for row in graded if row.verdict != "no_difference_shown"] or graded[:1]
    if not shown:
        return ""
    worse = [row for row in shown if row.verdict == "worse"]
    return " ".join(row.sentence for row in dict.fromkeys([shown[0], *worse[:2]]))


def metric_lines(rows: Sequence[Row], urls: Mapping[str, str]) -> list[Line]:
    """Graded metrics, in points, on one axis; ``urls`` by the metric's key."""
    axis = difference_axis(end for row in rows for end in (row.low, row.high))
    return [
        Line(
            label=row.label,
            baseline=amount(row.baseline.value, row.unit),
            candidate=amount(row.candidate.value, row.unit),
            difference=_points(row.difference),
            mark=_mark(axis, (row.low, row.difference, row.high), row.higher_is_better, row.verdict),
            interval_text=_and_p(_ends(row.low, row.high), row.p_value),
            n=row.n,
            could_show=_points(row.minimum_detectable_difference).lstrip("+"),
            verdict=said(row.verdict),
            tone=TONES.get(row.verdict, "neutral"),
            url=urls.get(row.key),
        )
        for row in rows
    ]


def resource_lines(rows: Sequence[Row]) -> list[Line]:
    """Latency and cost: everything but the two values relative to the baseline's, so that one axis fits all."""
    scaled = [_relative_to(row.baseline.value, (row.low, row.difference, row.high)) for row in rows]
    axis = difference_axis(end for ends in scaled for end in ends)
    return [
        Line(
            label=row.label,
            baseline=amount(row.baseline.value, row.unit),
            candidate=amount(row.candidate.value, row.unit),
            difference=_percent(point),
            mark=_mark(axis, (low, point, high), row.higher_is_better, row.verdict),
            interval_text=_and_p(f"{_percent(low).removesuffix(' %')} to {_percent(high)}", row.p_value),
            n=row.n,
            could_show=_percent(_relative_to(row.baseline.value, [row.minimum_detectable_difference])[0]).lstrip("+"),
            verdict=said(row.verdict),
            tone=TONES.get(row.verdict, "neutral"),
        )
        for row, (low, point, high) in zip(rows, scaled, strict=True)
    ]


def slice_lines(parts: Sequence[PartOfCases], urls: Sequence[str]) -> list[Line]:
    """Success in each slice, in points, on one axis."""
    found = [part.slice.difference for part in parts]
    axis = difference_axis(end for one in found for end in (one.low, one.high))
    return [
        Line(
            label=slice_name(part),
            baseline=result(part.slice.baseline, "share"),
            candidate=result(part.slice.candidate, "share"),
            difference=_points(one.difference),
            mark=_mark(axis, (one.low, one.difference, one.high), True, part.slice.verdict),
            interval_text=_and_p(_ends(one.low, one.high), part.slice.p_value),
            n=part.slice.n,
            could_show=_points(one.mdd).lstrip("+"),
            verdict=said(part.slice.verdict),
            tone=TONES.get(part.slice.verdict, "neutral"),
            url=url,
        )
        for part, one, url in zip(parts, found, urls, strict=True)
    ]


def slice_name(part: PartOfCases) -> str:
    """ "refund", "expected to refuse", "source: written", "language: de"."""
    named = {"tag": part.slice.name, "behavior": f"expected to {part.slice.name}"}
    return named.get(part.by, f"{part.by}: {part.slice.name}")


def passed(share: float, repeats: int) -> str:
    """ "passed", "not passed", "passed in 2 of 3"."""
    if repeats > 1:
        return f"passed in {round(share * repeats)} of {repeats}"
    return "passed" if share > 0.5 else "not passed"


def worst(slices: Sequence[PartOfCases], baseline: str) -> str | None:
    """The slice that lost most, with its figures; none where no slice lost."""
    lost = next((part for part in slices if (part.slice.difference.difference or 0) < 0), None)
    if lost is None:
        return None
    before = result(lost.slice.baseline, "share").split(" of ")[0]
    figures = f"{slice_name(lost)}, {result(lost.slice.candidate, 'share')} right ({baseline}: {before})"
    return figures + (": shown to be worse." if lost.slice.verdict == "worse" else ": not shown to be worse.")


def _points(difference: float | None) -> str:
    return "–" if difference is None else signed(difference, "share").removesuffix(" points")


def _ends(low: float | None, high: float | None) -> str:
    return interval(low, high, "share").removeprefix("95 % CI ")


def _relative_to(whole: float | None, values: Sequence[float | None]) -> list[float | None]:
    """None where there is nothing to divide by."""
    return [None if value is None or not whole else value / whole for value in values]


def _percent(change: float | None) -> str:
    """ "−44 %"; a dash where there is none."""
    if change is None:
        return "–"
    whole = round(change * 100)
    return f"{'+' if whole > 0 else '−' if whole < 0 else ''}{abs(whole):,} %"


def _and_p(text: str, p_value: float | None) -> str:
    """ "+6.3 to +25.4, p = 0.003"."""
    return ", ".join(part for part in (text, p_text(p_value)) if part)


def _mark(
    axis: Axis, ends: tuple[float | None, float | None, float | None], rising: bool, verdict: str
) -> IntervalMark | None:
    """Mirrored where less is better."""
    low, point, high = ends
    if low is None or point is None or high is None:
        return None
    low, point, high = (low, point, high) if rising else (-high, -point, -low)
    return interval_mark(axis, low, point, high, TONES.get(verdict, "neutral"))
