"""Instruction following of two runs in all four forms, beside the metric that is compared.

The test is of the headline alone (by prompt, strict; it stands among the metrics): the other three answer the same
question, and testing them too would only make every test of the page weaker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.comparisons.choice import RunPair
from app.comparisons.material import common_graders
from app.evals.instructions_view import LABELS
from app.evals.models import EvalRun
from app.web.words import percent, points

Level = Mapping[str, Any]


@dataclass(frozen=True)
class LevelLine:
    """One form: both values with their own intervals, and how many points lie between them."""

    label: str
    note: str
    baseline: str
    baseline_interval: str
    candidate: str
    candidate_interval: str
    difference: str
    n: int


def level_lines(pairs: Sequence[RunPair]) -> list[LevelLine]:
    """Of the first pair of runs that were graded by the same instructions; empty where there is none."""
    for pair in pairs:
        before, after = _levels(pair.baseline), _levels(pair.candidate)
        if before and after and _same_instructions(pair):
            return [_line(form, before[form], after[form]) for form in LABELS]
    return []


def _levels(run: EvalRun) -> dict[tuple[str, str], Level]:
    metric = next((one for one in run.metrics or [] if one.get("levels")), None)
    return {(row["unit"], row["form"]): row for row in metric["levels"]} if metric else {}


def _same_instructions(pair: RunPair) -> bool:
    same = common_graders(pair.baseline.graders, pair.candidate.graders)
    graders = [one for one in pair.baseline.graders if one["definition"].get("type") == "instructions"]
    return bool(graders) and graders[0]["name"] in same


def _line(form: tuple[str, str], before: Level, after: Level) -> LevelLine:
    label, note = LABELS[form]
    known = before["value"] is not None and after["value"] is not None
    return LevelLine(
        label=label,
        note=note,
        baseline=percent(before["value"]),
        baseline_interval=_interval(before),
        candidate=percent(after["value"]),
        candidate_interval=_interval(after),
        difference=points(after["value"] - before["value"]) if known else "–",
        n=after["n"],
    )


def _interval(level: Level) -> str:
    low, high = level["interval"] or (None, None)
    return "no interval" if low is None else f"{percent(low)} to {percent(high)}"
