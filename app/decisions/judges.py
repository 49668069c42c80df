"""Which metrics rest on a model judge whose agreement with people is not shown. Such a metric cannot hold a gate."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.comparisons.choice import RunPair
from app.evals.calibration import service as calibration
from app.evals.catalogue import KIND_METRIC
from app.evals.models import EvalRun

# A success is what the main metric of the set passes: what cannot be trusted there cannot be trusted per success.
MAIN = ("task_accuracy", *KIND_METRIC.values())
PER_SUCCESS = ("cost_per_success", "cost_per_success_loaded")


def uncalibrated(session: Session, pairs: Sequence[RunPair], counted: Sequence[str]) -> dict[str, dict[str, str]]:
    """By metric its uncalibrated judges with the reason, among the graders that count (``counted``)."""
    found: dict[str, dict[str, str]] = {}
    for pair in pairs:
        for run in (pair.baseline, pair.candidate):
            for name, metric, why in _unsure(session, run, counted):
                for key in {metric, KIND_METRIC.get(pair.test_set.kind, metric)}:
                    found.setdefault(key, {})[name] = why
    main = {name: why for key in MAIN for name, why in found.get(key, {}).items()}
    return found | dict.fromkeys(PER_SUCCESS, main) if main else found


def _unsure(session: Session, run: EvalRun, counted: Sequence[str]) -> list[tuple[str, str, str]]:
    """(grader, metric, why) of the run's judges that may not hold a gate."""
    rows = []
    for grader in run.graders:
        if grader["name"] in counted:
            state = calibration.state(session, run.project_id, grader, run.id)
            rows += [] if state.can_gate else [(state.grader, grader["metric"], state.why)]
    return rows
