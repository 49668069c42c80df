"""Fine-tunes under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.responses import StreamingResponse

from app.finetunes import preflight, queries, service, stream
from app.finetunes.forms import Decision, NewFineTune
from app.finetunes.listing import FilterDep
from app.finetunes.models import FineTune
from app.finetunes.remarks import Remark
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import event_stream

router = api_router("fine-tunes")
BASE = "/projects/{slug}/fine-tunes"
ONE = BASE + "/{fine_tune_id}"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


class RemarkOut(BaseModel):
    key: str
    sentence: str
    link: str
    can_override: bool

    @classmethod
    def of(cls, remark: Remark) -> "RemarkOut":
        return cls.model_validate(remark, from_attributes=True)


class PreflightOut(BaseModel):
    blockers: list[RemarkOut]
    warnings: list[RemarkOut]
    estimate: dict[str, Any]
    export_sha256: str


class FineTuneOut(BaseModel):
    id: str
    number: int
    status: str
    progress: dict[str, int | None]
    error: str | None
    provider_id: str
    base_model: str
    dataset_version_id: str
    baseline_candidate_id: str | None
    method: str
    objective: str
    hyperparameters: dict[str, Any]
    settled_hyperparameters: dict[str, Any] | None
    export_sha256: str
    provider_status: str | None
    provider_job_id: str | None
    provider_file_id: str | None
    fine_tuned_model: str | None
    candidate_id: str | None
    estimate: dict[str, Any]
    budget: float | None
    cost: float | None
    trained_tokens: int | None
    override_reason: str | None
    cancel_requested_at: datetime | None
    estimated_finish: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: FineTune) -> "FineTuneOut":
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "progress"}
        return cls(**fields, progress={"done": row.step, "total": row.total_steps})


class EventOut(BaseModel):
    id: int
    at: datetime
    kind: str
    level: str
    message: str
    data: dict[str, Any]


class CheckpointOut(BaseModel):
    id: str
    step: int
    model: str
    metrics: dict[str, Any]


@router.post(BASE + "/preflight")
def run_preflight(session: SessionDep, access: Engineer, new: NewFineTune) -> PreflightOut:
    """What stands in the way (``blockers``), what is worth knowing (``warnings``), and what it will take."""
    found = preflight.check(session, access.project, new)
    return PreflightOut(
        blockers=[RemarkOut.of(b) for b in found.blockers],
        warnings=[RemarkOut.of(w) for w in found.warnings],
        estimate=found.estimate.as_json(),
        export_sha256=found.scan.sha256,
    )


@router.get(BASE)
def list_fine_tunes(
    session: SessionDep, access: Viewer, narrowed: FilterDep, cursor: str | None = None, limit: Limit = 50
) -> ListAnswer[FineTuneOut]:
    found = queries.listed(session, access.project.id, narrowed, cursor, limit)
    return ListAnswer(items=[FineTuneOut.of(row[0]) for row in found.items], next_cursor=found.next_cursor)


@router.post(BASE, status_code=202)
def launch(session: SessionDep, access: Engineer, new: NewFineTune) -> FineTuneOut:
    """Queue it, or answer 409 with what stands in the way."""
    return _answer(session, service.launch(session, access, new))


@router.get(ONE)
def get(session: SessionDep, access: Viewer, fine_tune_id: str) -> FineTuneOut:
    return FineTuneOut.of(queries.fine_tune(session, access.project.id, fine_tune_id))


@router.post(ONE + "/cancel", status_code=202)
def cancel(session: SessionDep, access: Engineer, fine_tune_id: str) -> FineTuneOut:
    row = service.editable(session, access, fine_tune_id)
    service.cancel(session, access, row)
    return _answer(session, row)


@router.post(ONE + "/pause", status_code=202)
def pause(session: SessionDep, access: Engineer, fine_tune_id: str) -> FineTuneOut:
    row = service.editable(session, access, fine_tune_id)
    service.pause(session, access, row)
    return _answer(session, row)


@router.post(ONE + "/resume", status_code=202)
def resume(session: SessionDep, access: Engineer, fine_tune_id: str) -> FineTuneOut:
    row = service.editable(session, access, fine_tune_id)
    service.resume(session, access, row)
    return _answer(session, row)


@router.post(ONE + "/unknown-calls", status_code=202)
def decide(session: SessionDep, access: Engineer, fine_tune_id: str, decision: Decision) -> FineTuneOut:
    """For ``needs_decision``: ``check`` looks at the provider again, ``resend`` creates it anew, ``accept`` ends it."""
    row = service.editable(session, access, fine_tune_id)
    service.decide(session, access, row, decision.action)
    return _answer(session, row)


@router.get(ONE + "/events")
def events(request: Request, session: SessionDep, access: Viewer, fine_tune_id: str) -> StreamingResponse:
    """Server-sent: ``point`` (``step``, ``train_loss``, ``valid_loss``), ``progress``, and ``end``."""
    row = queries.fine_tune(session, access.project.id, fine_tune_id)
    return event_stream(request, lambda last: stream.poll(request, access.project.slug, row.id, last))


@router.get(ONE + "/checkpoints")
def checkpoints(session: SessionDep, access: Viewer, fine_tune_id: str) -> ListAnswer[CheckpointOut]:
    row = queries.fine_tune(session, access.project.id, fine_tune_id)
    found = queries.checkpoints(session, row.id)
    return ListAnswer(items=[CheckpointOut.model_validate(one, from_attributes=True) for one in found])


@router.get(ONE + "/log")
def log(
    session: SessionDep, access: Viewer, fine_tune_id: str, cursor: str | None = None, limit: Limit = MAX_LIMIT
) -> ListAnswer[EventOut]:
    """Every event of the provider's job, oldest first."""
    row = queries.fine_tune(session, access.project.id, fine_tune_id)
    found = queries.log(session, row.id, cursor, limit)
    items = [EventOut.model_validate(one, from_attributes=True) for one in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


def _answer(session: Session, row: FineTune) -> FineTuneOut:
    session.flush()
    session.refresh(row)
    return FineTuneOut.of(row)
