"""Which metrics rest on a model judge whose agreement with people is not measured. Such a metric cannot pass a gate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.comparisons.choice import RunPair
from app.evals.catalogue import KIND_METRIC

JUDGES = ("score_model", "label_model")


def uncalibrated(session: Session, pairs: Sequence[RunPair], counted: Sequence[str]) -> dict[str, list[str]]:
    """By metric the names of its uncalibrated judges, among the graders that count (``counted``)."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        for grader in pair.candidate.graders:
            if (
                grader["name"] not in counted
                or not rests_on_judge(grader["definition"])
                or _calibrated(session, grader)
            ):
                continue
            for metric in {grader["metric"], KIND_METRIC.get(pair.test_set.kind, grader["metric"])}:
                names = found.setdefault(metric, [])
                if grader["name"] not in names:
                    names.append(grader["name"])
    if "task_accuracy" in found or any(metric in found for metric in KIND_METRIC.values()):
        for cost in ("cost_per_success", "cost_per_success_loaded"):  # a success is what the main metric passes
            found[cost] = sorted({name for key, names in found.items() if key in _MAIN for name in names})
    return found


_MAIN = ("task_accuracy", *KIND_METRIC.values())


def rests_on_judge(definition: Mapping[str, Any]) -> bool:
    """Whether the grader, or one within it, asks a model."""
    return any(one.get("type") in JUDGES or one.get("judge") for one in _definitions(definition))


def _definitions(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield definition
    inner = definition.get("graders")
    for one in inner.values() if isinstance(inner, dict) else inner or ():
        if isinstance(one, dict):
            yield from _definitions(one)


def _calibrated(session: Session, grader: Mapping[str, Any]) -> bool:
    """Until judges have calibrations of their own, none has one."""
    return False
