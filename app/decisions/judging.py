"""Gates against measurements, and the verdict over them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from app.comparisons.rules import Row
from app.core.stats.needed import cases_for_rate, scaled
from app.core.stats.words import amount, and_list, interval, signed
from app.decisions.gates import Gate

State = Literal["holds", "fails", "open"]
Verdict = Literal["ship", "dont_ship", "not_enough_evidence"]
WORDS: dict[Verdict, str] = {
    "ship": "Ship",
    "dont_ship": "Don't ship",
    "not_enough_evidence": "Not enough evidence",
}


@dataclass(frozen=True, slots=True)
class JudgedGate:
    """``measured``: figure and interval in words. ``why``: what a failed or an open gate hangs on. ``needed``: cases
    (votes for the human preference) in all until it would be settled with 80 % power, should what was seen be the
    truth."""

    gate: Gate
    state: State
    measured: str
    n: int
    why: str
    needed: int | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval and its point, turned so that a gate holds above ``limit``."""

    low: float | None
    point: float
    high: float | None
    limit: float


def judge(gate: Gate, row: Row | None, uncalibrated: Mapping[str, str] = MappingProxyType({})) -> JudgedGate:
    """``row``: the metric's line of the comparison, None where it was not measured on both sides.

    A metric that rests on a judge whose agreement with people is not shown (``uncalibrated``: why, by name) settles
    nothing, either way.
    """
    if row is None:
        return JudgedGate(gate, "open", "not measured", 0, f"{gate.kind.label}: not measured on both sides.", None)
    measured = _measured(gate, row)
    if uncalibrated:
        names = and_list([f"“{name}” ({why})" for name, why in uncalibrated.items()])
        why = f"Rests on a judge that is not calibrated: {names}."
        return JudgedGate(gate, "open", measured, row.n, why, None)
    bounds = _bounds(gate, row)
    if bounds is None:
        return JudgedGate(gate, "open", measured, row.n, "There is no figure to judge.", None)
    state = _state(bounds, strictly=gate.rule == "better")
    if state == "holds":
        return JudgedGate(gate, state, measured, row.n, "", None)
    if state == "fails":
        return JudgedGate(gate, state, measured, row.n, "The whole interval violates it.", None)
    needed = _needed(gate, row, bounds)
    return JudgedGate(gate, state, measured, row.n, _why_open(gate, row, bounds, needed), needed)


def verdict(judged: Sequence[JudgedGate]) -> Verdict:
    """Any failed gate: don't ship. Else any open one, or no gate at all: not enough evidence. Else ship."""
    states = {one.state for one in judged}
    if "fails" in states:
        return "dont_ship"
    return "ship" if states == {"holds"} else "not_enough_evidence"


def reasons(judged: Sequence[JudgedGate]) -> str:
    """What the verdict hangs on, in one sentence."""
    failed = [one.gate.sentence for one in judged if one.state == "fails"]
    open_ones = [one.gate.kind.label.lower() for one in judged if one.state == "open"]
    if not judged:
        return "There is no gate to pass."
    if failed:
        rest = f" {_count(len(open_ones))} still open." if open_ones else ""
        return f"Does not hold: {and_list([f'“{one}”' for one in failed])}.{rest}"
    if open_ones:
        held = len(judged) - len(open_ones)
        return f"{_count(len(open_ones))} open: {and_list(open_ones)}. {held} of {len(judged)} hold."
    return "The gate holds." if len(judged) == 1 else f"All {len(judged)} gates hold."


def by_metric(rows: Sequence[Row]) -> Mapping[str, Row]:
    return {row.key: row for row in rows}


def _count(number: int) -> str:
    return "One gate is" if number == 1 else f"{number} gates are"


def _bounds(gate: Gate, row: Row) -> Bounds | None:
    """Everything turned so that more is better. None where there is no figure, or nothing to take a percentage of."""
    rising = 1 if gate.kind.higher_is_better else -1
    if not gate.relative:
        given = row.candidate
        return None if given.value is None else _turned(rising, given.low, given.value, given.high, rising * gate.value)
    scale = 1.0 if gate.kind.unit == "share" else row.baseline.value
    if row.difference is None or scale is None:
        return None
    margin = gate.value * scale
    return _turned(rising, row.low, row.difference, row.high, margin if gate.rule == "better" else -margin)


def _turned(rising: int, low: float | None, point: float, high: float | None, limit: float) -> Bounds:
    if rising > 0:
        return Bounds(low, point, high, limit)
    return Bounds(None if high is None else -high, -point, None if low is None else -low, limit)


def _state(bounds: Bounds, strictly: bool) -> State:
    """ "Not worse" and "at least" hold on their limit too; rounding of the last digit decides nothing."""
    if bounds.low is not None and (bounds.low > bounds.limit if strictly else bounds.low >= bounds.limit - 1e-12):
        return "holds"
    return "fails" if bounds.high is not None and bounds.high < bounds.limit else "open"


def _needed(gate: Gate, row: Row, bounds: Bounds) -> int | None:
    """None where more of the same evidence would not settle it in favour."""
    if bounds.low is None or bounds.high is None or bounds.point <= bounds.limit:
        return None
    if gate.relative or gate.kind.unit != "share" or gate.metric == "human_preference":
        return scaled(row.n, bounds.low, bounds.high, bounds.point - bounds.limit)
    return cases_for_rate(abs(bounds.point), abs(bounds.limit))


def _why_open(gate: Gate, row: Row, bounds: Bounds, needed: int | None) -> str:
    if bounds.low is None or bounds.high is None:
        return "There are too few cases for an interval."
    if bounds.point <= bounds.limit:
        return "The interval reaches across, but the figure is not beyond the limit: more of the same would not help."
    things = "votes" if gate.metric == "human_preference" else "cases"
    if needed is None:
        return f"So close to the limit that no number of {things} would settle it."
    if needed <= row.n:
        return f"About as many {things} again would most likely settle it."
    more = f"{_rounded(needed - row.n):,} more {things}"
    return f"Needs about {more}, if what was seen is the truth (80 % chance to settle it)."


def _rounded(number: int) -> int:
    """Two significant digits: an estimate from an estimate."""
    digits = max(0, len(str(number)) - 2)
    step: int = 10**digits
    return -(-number // step) * step


def _measured(gate: Gate, row: Row) -> str:
    unit = gate.kind.unit
    if gate.relative:
        if row.difference is None:
            return "no difference known"
        ends = interval(row.low, row.high, unit).removeprefix("95 % CI ")
        return f"{signed(row.difference, unit)}{f' [{ends}]' if ends else ''}"
    low, high = row.candidate.low, row.candidate.high
    ends = f" [{amount(low, unit)} to {amount(high, unit)}]" if low is not None or high is not None else ""
    return f"{amount(row.candidate.value, unit)}{ends}"
