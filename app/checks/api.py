"""Scans, findings and decisions under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.checks import queries, remedies, rules, scan_queries, service, undoing
from app.checks.forms import BulkDecision, Decision, ListQuery, NewScan
from app.checks.models import Finding, FindingChange, Scan
from app.core.clock import utcnow
from app.core.db import transaction
from app.examples.models import Example
from app.projects.access import Annotator, Viewer, project_access
from app.web.idempotency import api_router
from app.web.paging import MAX_LIMIT, ListAnswer
from app.web.session import SessionDep
from app.web.sse import Event, event_stream

router = api_router("checks")
BASE = "/projects/{slug}"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
recheck = project_access("viewer")


class ScanOut(BaseModel):
    """``progress`` counts examples; ``found`` counts new findings by kind; an ``automatic`` scan followed a change."""

    id: str
    status: str
    full: bool
    automatic: bool
    progress: dict[str, int]
    found: dict[str, int]
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, scan: Scan) -> "ScanOut":
        names = ("id", "status", "full", "found", "error", "created_at", "started_at", "finished_at")
        progress = {"done": scan.done, "total": scan.total}
        own = {name: getattr(scan, name) for name in names}
        return cls(**own, progress=progress, automatic=scan.created_by is None)


class FindingOut(BaseModel):
    """``start`` and ``stop`` count characters of the message's text; ``actions`` is what may be done about it now."""

    id: str
    kind: str
    code: str
    state: str
    example_id: str
    example_number: int
    example_status: str
    revision: int
    message_index: int | None
    start: int | None
    stop: int | None
    replacement: str | None
    words: str
    evidence: dict[str, Any]
    cluster: str | None
    other_example_id: str | None
    accepted_until: datetime | None
    blocks_training: bool
    actions: list[str]
    created_at: datetime
    state_at: datetime

    @classmethod
    def of(cls, row: Finding, example: Example) -> "FindingOut":
        names = set(cls.model_fields) & set(Finding.__table__.columns.keys())
        may = rules.actions(row.kind, row.code, maskable=row.replacement is not None, state=row.state)
        return cls(
            **{name: getattr(row, name) for name in names},
            example_number=example.number,
            example_status=example.status,
            accepted_until=row.until if row.state == "accepted" else None,
            blocks_training=row.state == "open" and rules.blocks(row.kind, row.code),
            actions=[action.key for action in may],
        )


class CountOut(BaseModel):
    kind: str
    code: str
    state: str
    findings: int
    examples: int


class ChangeOut(BaseModel):
    """What a decision changed; ``id`` takes it back. ``left`` more match: ``/continuation`` decides the next."""

    id: str
    action: str
    reason: str
    findings: int
    examples: int
    left: int
    undone: bool

    @classmethod
    def of(cls, change: FindingChange) -> "ChangeOut":
        own = {name: getattr(change, name) for name in ("id", "action", "reason", "examples", "left")}
        return cls(**own, findings=change.size, undone=change.undone_at is not None)


@router.post(BASE + "/scans", status_code=202)
def start_scan(session: SessionDep, access: Annotator, wanted: NewScan | None = None) -> ScanOut:
    """Look at what was not looked at yet, or at everything. Answers the scan that waits or runs, if there is one."""
    scan = service.request(session, access.user, access.project, full=wanted is not None and wanted.full)
    session.refresh(scan)
    return ScanOut.of(scan)


@router.get(BASE + "/scans")
def list_scans(
    session: SessionDep, access: Viewer, limit: Limit = 50, cursor: str | None = None
) -> ListAnswer[ScanOut]:
    """Newest first."""
    found = scan_queries.page(session, access.project.id, cursor, limit)
    return ListAnswer(items=[ScanOut.of(scan) for scan in found.items], next_cursor=found.next_cursor)


@router.get(BASE + "/scans/{scan_id}")
def get_scan(session: SessionDep, access: Viewer, scan_id: str) -> ScanOut:
    return ScanOut.of(scan_queries.get(session, access.project.id, scan_id))


@router.post(BASE + "/scans/{scan_id}/cancel")
def cancel_scan(session: SessionDep, access: Annotator, scan_id: str) -> ScanOut:
    """What was found stays; the next scan goes on with the rest."""
    scan = scan_queries.get(session, access.project.id, scan_id)
    return ScanOut.of(service.cancel(session, access.user, scan))


@router.get(BASE + "/scans/{scan_id}/events")
def scan_events(request: Request, session: SessionDep, access: Viewer, scan_id: str) -> StreamingResponse:
    """``progress`` whenever a chunk was looked at, ``end`` when the scan is over."""
    scan_queries.get(session, access.project.id, scan_id)
    return event_stream(request, lambda last: poll(request, access.project.slug, scan_id, last))


def poll(request: Request, slug: str, scan_id: str, last: str | None) -> list[Event]:
    with transaction() as session:
        access = recheck(slug, request, session)  # whoever lost the role or the session loses the stream
        scan = scan_queries.get(session, access.project.id, scan_id)
        data = ScanOut.of(scan).model_dump(mode="json")
        mark, over = f"{scan.status}-{scan.done}", scan.status not in scan_queries.OPEN
    found = [] if mark == last else [Event(mark, "progress", data)]
    return [*found, Event(mark, "end", data)] if over else found


@router.get(BASE + "/findings")
def list_findings(session: SessionDep, access: Viewer, wanted: ListQuery) -> ListAnswer[FindingOut]:
    """In the order in which they were found. A filter that does not exist is an error."""
    found = queries.page(session, access.project.id, wanted, cursor=wanted.cursor, limit=wanted.limit)
    return ListAnswer(items=[FindingOut.of(*row) for row in found.items], next_cursor=found.next_cursor)


@router.get(BASE + "/findings/summary")
def count_findings(session: SessionDep, access: Viewer) -> ListAnswer[CountOut]:
    """Open and accepted findings by kind, code and state."""
    rows = queries.summary(session, access.project.id)
    names = ("kind", "code", "state", "findings", "examples")
    return ListAnswer(items=[CountOut(**dict(zip(names, row, strict=True))) for row in rows])


@router.post(BASE + "/findings/bulk")
def decide_many(session: SessionDep, access: Annotator, wanted: BulkDecision) -> ChangeOut:
    """409 if the filter matches another number than ``expected_count``. Of more than 1,000 the first are decided;
    ``left`` says how many remain, and ``/findings/changes/{id}/continuation`` does the same to the next of them."""
    return ChangeOut.of(remedies.decide_all(session, access, wanted, utcnow()))


@router.post(BASE + "/findings/changes/{change_id}/undo")
def take_back(session: SessionDep, access: Annotator, change_id: str) -> ChangeOut:
    return ChangeOut.of(undoing.undo(session, access, change_id, utcnow()))


@router.post(BASE + "/findings/changes/{change_id}/continuation", status_code=201)
def go_on(session: SessionDep, access: Annotator, change_id: str) -> ChangeOut:
    """The next of those that a decision was about; 409 where none is left, or what is left has changed meanwhile."""
    return ChangeOut.of(remedies.go_on(session, access, change_id, utcnow()))


@router.get(BASE + "/findings/{finding_id}")
def get_finding(session: SessionDep, access: Viewer, finding_id: str) -> FindingOut:
    finding = queries.get(session, access.project.id, finding_id)
    return FindingOut.of(finding, session.get_one(Example, finding.example_id))


@router.post(BASE + "/findings/{finding_id}/decision", status_code=201)
def decide(session: SessionDep, access: Annotator, finding_id: str, decision: Decision) -> ChangeOut:
    """One remedy for one finding. Approving sensitive data or a secret for training needs the right to sign off."""
    finding = queries.get(session, access.project.id, finding_id)
    return ChangeOut.of(remedies.decide(session, access, finding, decision, utcnow()))
