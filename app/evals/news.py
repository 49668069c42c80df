"""Telling the project's webhook that a run has ended, or that it waits for a person."""

from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.db import transaction
from app.datasets.models import TestSet
from app.evals import blind
from app.evals.catalogue import METRICS
from app.evals.models import EvalRun
from app.projects.models import Project
from app.projects.notifications import service as notifications
from app.web.words import percent

TOLD = {
    "succeeded": "has finished",
    "failed": "has failed",
    "paused": "stopped before its budget was overspent",
    "needs_decision": "needs a decision",
}
KEPT = ("key", "value", "interval", "n")


def tell(session: Session, run: EvalRun) -> None:
    """Once for each time that the run came to this state; nothing for a run that goes on or was cancelled.

    Without its figures while a blind round rests on the run: its voters may read where the webhook posts.
    """
    if run.status not in TOLD:
        return
    hidden = blind.rests_in_a_round(session, run.id)
    project = session.get_one(Project, run.project_id)
    candidate, test_set = session.get_one(Candidate, run.candidate_id), session.get_one(TestSet, run.test_set_id)
    data = {
        "id": run.id,
        "number": run.number,
        "status": run.status,
        "candidate": candidate.name,
        "test_set": test_set.name,
        "done": run.done,
        "total": run.total,
        "failed": None if hidden else run.failed,
        "cost": None if hidden else run.cost,
        "error": run.error,
        "metrics": [] if hidden else [{name: metric.get(name) for name in KEPT} for metric in run.metrics or []],
    }
    figure = "" if hidden else _figure(run)
    text = f"Run {run.number} ({candidate.name} on “{test_set.name}”) {TOLD[run.status]}{figure}."
    url = notifications.address(project, f"/runs/{run.id}")
    once = f"eval-run:{run.id}:{run.status}:{run.finished_at or run.lease}"
    notifications.tell_team(session, project, f"eval_run.{run.status}", text, once=once, url=url, run=data)


def tell_of(run_id: str) -> None:
    """The same in a transaction of its own, behind one that could not tell."""
    with transaction() as session:
        run = session.get(EvalRun, run_id)
        if run is not None:
            tell(session, run)


def _figure(run: EvalRun) -> str:
    """The first of its metrics that is a share; or what went wrong."""
    if run.status != "succeeded":
        return f": {run.error.rstrip('.')}" if run.error else ""
    shares = (m for m in run.metrics or [] if m["value"] is not None and METRICS[m["key"]].unit == "share")
    first = next(shares, None)
    return f": {METRICS[first['key']].label.lower()} {percent(first['value'])}" if first else ""
