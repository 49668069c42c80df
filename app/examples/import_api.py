"""Imports under ``/api/v1``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from app.core.db import transaction
from app.examples import import_queries, import_service, reports
from app.examples.formats.columns import written_mapping
from app.examples.models import Import
from app.examples.opening import open_file
from app.examples.preview import Preview, look
from app.examples.uploads import OPENAPI, Received, receive
from app.projects.access import Access, Engineer, Viewer, project_access
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("imports")
BASE = "/projects/{slug}/imports"
SHOWN_REJECTIONS = 100
OVER = ("succeeded", "failed", "cancelled")
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
recheck = project_access("viewer")


class Rejection(BaseModel):
    line: int
    reason: str


class PreviewOut(BaseModel):
    """The first ``checked`` rows: how many could be imported, and why the others could not.

    ``definitions`` of them are evals or runs and no examples; ``graders`` are the grader objects in those.
    """

    format: str
    container: str
    columns: list[str]
    sample: list[dict[str, Any]]
    suggested_mapping: dict[str, Any] | None
    checked: int
    accepted: int
    rejected_count: int
    rejected: list[Rejection]
    definitions: int
    graders: list[Any]

    @classmethod
    def of(cls, seen: Preview, container: str) -> "PreviewOut":
        sample: list[dict[str, Any]] = [dict(zip(seen.columns, cells, strict=True)) for cells in seen.sample]
        return cls(
            format=seen.format,
            container=container,
            columns=seen.columns,
            sample=sample or [{"messages": e.messages, "expected": e.expected, "tags": e.tags} for e in seen.examples],
            suggested_mapping=seen.suggested_mapping,
            checked=seen.checked,
            accepted=seen.accepted,
            rejected_count=len(seen.refused),
            rejected=[Rejection(line=row.line, reason=row.reason) for row in seen.refused[:SHOWN_REJECTIONS]],
            definitions=seen.definitions,
            graders=seen.graders,
        )


class ImportSummary(BaseModel):
    id: str
    file_name: str
    format: str
    container: str
    mapping: dict[str, Any] | None
    tags: list[str]
    status: str
    progress: dict[str, int]
    rows_read: int
    imported: int
    duplicates: int
    held_out: int
    rejected_count: int
    definitions: int
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undone_at: datetime | None

    @classmethod
    def fields_of(cls, source: Import) -> dict[str, Any]:
        names = set(ImportSummary.model_fields) - {"progress"}
        progress = {"done": source.bytes_read, "total": source.bytes_total}
        return {name: getattr(source, name) for name in names} | {"progress": progress}


class ImportOut(ImportSummary):
    """One import. ``progress`` counts bytes; ``rejected`` holds the first hundred refused lines, ``graders`` the
    grader objects of the ``definitions`` (evals and runs) among the rows."""

    rejected: list[Rejection]
    graders: list[Any]

    @classmethod
    def of(cls, session: Session, source: Import) -> "ImportOut":
        session.refresh(source)
        refused = import_queries.rejections(session, source.id, SHOWN_REJECTIONS)
        rejected = [Rejection(line=row.line, reason=row.reason) for row in refused]
        return cls(**cls.fields_of(source), rejected=rejected, graders=source.graders)


class UndoOut(ImportOut):
    """``removed`` examples were deleted; ``kept`` ones stand in a dataset version or a test set."""

    removed: int
    kept: int


@router.post(BASE + "/preview", openapi_extra=OPENAPI)
async def preview_file(request: Request, session: SessionDep, access: Engineer) -> PreviewOut:
    """A first look at a file: columns, a sample, a suggested mapping, what would be refused. Nothing is kept."""
    await run_in_threadpool(session.commit)  # an upload takes long; it must not hold a transaction
    received = await receive(request)
    try:
        return await run_in_threadpool(_preview, received)
    finally:
        received.discard()


def _preview(received: Received) -> PreviewOut:
    found = open_file(received.path, received.text("format", "auto"), received.file_name)
    return PreviewOut.of(look(found.path, found.format, written_mapping(received.text("mapping"))), found.container)


@router.post(BASE, status_code=202, openapi_extra=OPENAPI)
async def start_import(request: Request, session: SessionDep, access: Engineer) -> ImportOut:
    """Upload a file and import it. The answer is queued: ask again, or listen to its events."""
    await run_in_threadpool(session.commit)
    received = await receive(request)
    return await run_in_threadpool(_start, access, received)


def _start(access: Access, received: Received) -> ImportOut:
    try:
        with transaction() as session:
            source = import_service.keep_upload(
                session, access.user, access.project, received.path, received.file_name, received.text("format", "auto")
            )
            import_service.start(
                session, access.user, source, written_mapping(received.text("mapping")), received.tags()
            )
            return ImportOut.of(session, source)
    except BaseException:
        received.discard()
        raise


@router.get(BASE)
def list_imports(
    session: SessionDep, access: Viewer, cursor: str | None = None, limit: Limit = 50
) -> ListAnswer[ImportSummary]:
    found = import_queries.page(session, access.project.id, cursor, limit)
    items = [ImportSummary(**ImportSummary.fields_of(row)) for row in found.items]
    return ListAnswer(items=items, next_cursor=found.next_cursor)


@router.get(BASE + "/{import_id}")
def get_import(session: SessionDep, access: Viewer, import_id: str) -> ImportOut:
    return ImportOut.of(session, import_queries.get(session, access.project.id, import_id))


@router.get(BASE + "/{import_id}/rejections", response_class=StreamingResponse)
def get_rejections(
    session: SessionDep, access: Viewer, import_id: str, format: Literal["jsonl", "csv"] = "jsonl"
) -> StreamingResponse:
    """Every refused line, with its beginning: JSONL as it was, or CSV that is safe to open in a spreadsheet."""
    return rejections_answer(import_queries.get(session, access.project.id, import_id), format)


def rejections_answer(source: Import, format: str) -> StreamingResponse:
    media = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}[format]
    headers = {"Content-Disposition": f'attachment; filename="refused-{source.id}.{format}"'}
    return StreamingResponse(_rejections(source.id, format), media_type=media, headers=headers)


def _rejections(import_id: str, format: str) -> Iterator[bytes]:
    with transaction() as session:
        yield from reports.WRITERS[format](import_queries.all_rejections(session, import_id))


@router.post(BASE + "/{import_id}/cancel", status_code=202)
def cancel_import(session: SessionDep, access: Engineer, import_id: str) -> ImportOut:
    """Stop before the next batch. What is imported stays; undo takes it back."""
    source = import_queries.get(session, access.project.id, import_id)
    return ImportOut.of(session, import_service.cancel(session, access.user, source))


@router.post(BASE + "/{import_id}/undo")
def undo_import(session: SessionDep, access: Engineer, import_id: str) -> UndoOut:
    """Delete the import's examples, but for those in a dataset version or a test set."""
    source = import_queries.get(session, access.project.id, import_id)
    removed, kept = import_service.undo(session, access.user, source)
    return UndoOut(**dict(ImportOut.of(session, source)), removed=removed, kept=kept)


@router.get(BASE + "/{import_id}/events")
def import_events(request: Request, session: SessionDep, access: Viewer, import_id: str) -> StreamingResponse:
    """``progress`` whenever a batch is stored, ``end`` when the import is over."""
    import_queries.get(session, access.project.id, import_id)
    return event_stream(request, lambda last: poll(request, access.project.slug, import_id, last))


def poll(request: Request, slug: str, import_id: str, last: str | None) -> list[Event]:
    with transaction() as session:
        access = recheck(slug, request, session)  # whoever lost the role, the session or the token loses the stream
        source = import_queries.get(session, access.project.id, import_id)
        data = ImportSummary(**ImportSummary.fields_of(source)).model_dump(mode="json")
    mark = f"{source.status}-{source.rows_read}"
    found = [] if mark == last else [Event(mark, "progress", data)]
    if source.status in OVER:
        found.append(Event(mark, "end", data))
    return found
