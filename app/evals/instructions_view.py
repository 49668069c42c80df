"""The card of a run's page: instruction following by prompt and by instruction, strict and loose, and by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.web.charts import RATE_AXIS, Bar, BarRow, IntervalMark, bars, interval_mark
from app.web.words import count, percent

LABELS = {
    ("prompt", "strict"): ("By prompt, strict", "all instructions of a case followed as it stands"),
    ("prompt", "loose"): ("By prompt, loose", "also without first line, last line or asterisks"),
    ("instruction", "strict"): ("By instruction, strict", "each one counted for itself"),
    ("instruction", "loose"): ("By instruction, loose", ""),
}


@dataclass(frozen=True)
class LevelRow:
    label: str
    note: str
    value: str
    interval: str
    n: int
    mark: IntervalMark | None


@dataclass(frozen=True)
class InstructionsView:
    levels: Sequence[LevelRow]
    kinds: Sequence[Bar]


def view(metrics: Sequence[Mapping[str, Any]]) -> InstructionsView | None:
    """None for a run without a grader of instructions, or scored before there were levels."""
    metric = next((one for one in metrics if one.get("levels")), None)
    if metric is None:
        return None
    kinds = [_bar(row) for row in metric["kinds"]]
    return InstructionsView([_level(row) for row in metric["levels"]], bars(kinds, top=1.0))


def _level(row: Mapping[str, Any]) -> LevelRow:
    label, note = LABELS[row["unit"], row["form"]]
    low, high = row["interval"] or (None, None)
    interval = "no interval" if low is None else f"{percent(low)} to {percent(high)}"
    mark = interval_mark(RATE_AXIS, low, row["value"], high)
    return LevelRow(label, note, percent(row["value"]), interval, row["n"], mark)


def _bar(row: Mapping[str, Any]) -> BarRow:
    name = row["kind"].partition(":")[2].replace("_", " ")
    strict, loose = row["strict"] / row["asked"], row["loose"] / row["asked"]
    text = f"{percent(strict, 0)} of {count(row['asked'])}"
    return BarRow(name, strict, f"{text}, loose {percent(loose, 0)}" if loose > strict else text)
