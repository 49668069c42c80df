"""Development runs under ``/api/v1``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from app.finetunes import queries as tunes
from app.finetunes import service as tune_service
from app.finetunes.development import queries, results, service
from app.finetunes.development.forms import NewDevelopmentRun
from app.finetunes.development.results import Result
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("fine-tunes")
BASE = "/projects/{slug}/fine-tunes/{fine_tune_id}/development-runs"
ONE = BASE + "/{development_run_id}"


class DevelopmentRunOut(BaseModel):
    """``rate``: the share of development examples that pass all graders, with its 95 % interval and n."""

    id: str
    status: str
    progress: dict[str, int]
    error: str | None
    checkpoint_id: str | None
    dataset_version_id: str
    graders: list[dict[str, Any]]
    rate: float | None
    interval: list[float | None]
    n: int
    cost: float | None
    created_at: datetime

    @classmethod
    def of(cls, found: Result) -> "DevelopmentRunOut":
        run, batch = found.run, found.batch
        names = ("id", "checkpoint_id", "dataset_version_id", "graders", "created_at")
        return cls(
            **{name: getattr(run, name) for name in names},
            status=batch.status,
            progress={"done": batch.done, "total": batch.total},
            error=batch.error,
            rate=found.rate.value,
            interval=[found.rate.low, found.rate.high],
            n=found.rate.n,
            cost=batch.cost,
        )


@router.post(BASE, status_code=202)
def start(session: SessionDep, access: Engineer, fine_tune_id: str, new: NewDevelopmentRun) -> DevelopmentRunOut:
    """Ask the final model, or a checkpoint, on the examples of a frozen version that it was not trained on."""
    row = tune_service.editable(session, access, fine_tune_id)
    made = service.start(session, access, row, new)
    session.refresh(made)
    return _told(session, row.id, made.id)


@router.get(BASE)
def list_runs(session: SessionDep, access: Viewer, fine_tune_id: str) -> ListAnswer[DevelopmentRunOut]:
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    return ListAnswer(items=[DevelopmentRunOut.of(found) for found in results.of(session, [row.id])])


@router.get(ONE)
def get_run(session: SessionDep, access: Viewer, fine_tune_id: str, development_run_id: str) -> DevelopmentRunOut:
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    return _told(session, row.id, queries.run(session, row.id, development_run_id).id)


@router.post(ONE + "/cancel")
def cancel(session: SessionDep, access: Engineer, fine_tune_id: str, development_run_id: str) -> DevelopmentRunOut:
    row = tunes.fine_tune(session, access.project.id, fine_tune_id)
    run = queries.run(session, row.id, development_run_id)
    service.cancel(session, access, run)
    session.flush()
    return _told(session, row.id, run.id)


def _told(session: SessionDep, fine_tune_id: str, run_id: str) -> DevelopmentRunOut:
    return next(DevelopmentRunOut.of(one) for one in results.of(session, [fine_tune_id]) if one.run.id == run_id)
