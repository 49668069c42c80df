"""Model batches under ``/api/v1``, one set of calls for each kind."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.accounts.access import identify
from app.annotation.assist import queries, service
from app.annotation.assist.forms import Resume, UnknownDecision
from app.annotation.assist.kinds import Kind
from app.annotation.assist.models import ModelBatch
from app.core.db import transaction
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


class EstimateOut(BaseModel):
    """At most; ``cost`` in dollars, null where no price is known. ``left_out``: why some examples are not sent."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    left_out: dict[str, int]


class BatchOut(BaseModel):
    id: str
    status: str
    progress: dict[str, int]
    error: str | None
    provider_id: str
    model: str
    prompt_version: int
    settings: dict[str, Any]
    made: int
    dropped: dict[str, int]
    failed: int
    cost: float | None
    budget: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, batch: ModelBatch) -> "BatchOut":
        names = set(cls.model_fields) - {"progress"}
        progress = {"done": batch.done, "total": batch.total}
        return cls(**{name: getattr(batch, name) for name in names}, progress=progress)


def router_of(kind: Kind) -> Any:
    router = api_router("annotation")
    base = "/projects/{slug}/" + kind.name
    form: Any = kind.form

    @router.post(base + "/estimate")
    def estimate(session: SessionDep, access: Engineer, new: form) -> EstimateOut:
        """What it would cost at most. Nothing is sent."""
        planned = service.plan(session, access, kind, new)
        total = planned.estimate
        return EstimateOut(
            calls=total.calls,
            input_tokens=total.input_tokens,
            output_tokens=total.output_tokens,
            cost=total.dollars,
            left_out=planned.left_out,
        )

    @router.post(base, status_code=202)
    def start(session: SessionDep, access: Engineer, new: form) -> BatchOut:
        return _fresh(session, service.start(session, access, kind, new))

    @router.get(base)
    def list_batches(
        session: SessionDep, access: Viewer, cursor: str | None = None, limit: Limit = 50
    ) -> ListAnswer[BatchOut]:
        found = queries.page(session, access.project.id, kind.name, cursor, limit)
        return ListAnswer(items=[BatchOut.of(row) for row in found.items], next_cursor=found.next_cursor)

    @router.get(base + "/{batch_id}")
    def get_batch(session: SessionDep, access: Viewer, batch_id: str) -> BatchOut:
        return BatchOut.of(queries.get(session, access.project.id, batch_id, kind.name))

    @router.post(base + "/{batch_id}/cancel")
    def cancel(session: SessionDep, access: Engineer, batch_id: str) -> BatchOut:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        return _fresh(session, service.cancel(session, access, batch))

    @router.post(base + "/{batch_id}/resume", status_code=202)
    def resume(session: SessionDep, access: Engineer, batch_id: str, wanted: Resume) -> BatchOut:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        return _fresh(session, service.resume(session, access, batch, wanted.budget))

    @router.post(base + "/{batch_id}/unknown-calls", status_code=202)
    def decide_unknown(session: SessionDep, access: Engineer, batch_id: str, decision: UnknownDecision) -> BatchOut:
        batch = queries.get(session, access.project.id, batch_id, kind.name)
        return _fresh(session, service.decide_unknown(session, access, batch, decision.action))

    @router.get(base + "/{batch_id}/events")
    def events(request: Request, access: Viewer, batch_id: str) -> StreamingResponse:
        project_id = access.project.id

        def poll(last: str | None) -> list[Event]:
            with transaction() as session:
                identify(request, session)
                batch = queries.get(session, project_id, batch_id, kind.name)
                told = BatchOut.of(batch).model_dump(mode="json")
            over = batch.status not in service.OPEN
            mark = f"{batch.status}:{batch.done}:{batch.made}"
            changed = [Event(mark, "progress", told)] if mark != last else []
            return [*changed, Event(f"{mark}:end", "end", told)] if over else changed

        return event_stream(request, poll)

    return router


def _fresh(session: Any, batch: ModelBatch) -> BatchOut:
    session.flush()
    session.refresh(batch)
    return BatchOut.of(batch)
