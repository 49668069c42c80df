"""The cost of a comparison in words: per success, and when it pays back. Pure."""

from collections.abc import Mapping

from app.comparisons.break_even import BreakEven
from app.comparisons.rules import Row
from app.web.words import money

MARGINAL, LOADED = "cost_per_success", "cost_per_success_loaded"


def pays_back(found: BreakEven) -> str:
    """The part of a sentence that says after how many tasks the making is repaid."""
    if found.state == "unknown":
        return "whether it pays back is not known: a price or a success is missing"
    if found.state == "never":
        maybe = f"; at best after {tasks(found.low)}" if found.low else ""
        return f"it never pays back: a success does not cost less{maybe}"
    if found.state == "from_the_first":
        return "it pays back from the first task"
    return f"it pays back after {tasks(found.tasks)}{_interval(found)}"


def _interval(found: BreakEven) -> str:
    if found.low is None:
        return ""
    if found.high is None:
        return f" (95 % interval from {tasks(found.low)} up: that it never does is not excluded)"
    return f" (95 % interval {rounded(found.low):,} to {tasks(found.high)})"


def tasks(value: float | None) -> str:
    """``96,000 tasks``: three digits say all that the evidence does."""
    number = rounded(value or 0.0)
    return f"{number:,} {'task' if number == 1 else 'tasks'}"


def rounded(value: float) -> int:
    return int(float(f"{value:.3g}"))


def cost_line(rows: Mapping[str, Row], volume: int, found: BreakEven) -> str:
    """Both costs per success and the break-even, in one line; empty where no price is known."""
    marginal, loaded = rows.get(MARGINAL), rows.get(LOADED)
    if marginal is None:
        return ""
    said = f"Cost per success, marginal {_sides(marginal)}"
    if loaded is not None:
        said += f"; fully loaded at {volume:,} tasks {_sides(loaded)}"
    return f"{said}; {pays_back(found)}."


def _sides(row: Row) -> str:
    return f"{money(row.baseline.value)} → {money(row.candidate.value)}"
