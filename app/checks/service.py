"""Verbs of scans: ask for one, cancel it, let approvals end."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.checks import scan_queries
from app.checks.models import Finding, FindingDecision, Scan
from app.checks.reconcile import lock, summarise
from app.core.errors import Conflict
from app.jobs.queue import enqueue
from app.projects.models import Project

EXPIRED_AT_ONCE = 1_000


def request(session: Session, user: User | None, project: Project, *, full: bool = False) -> Scan:
    """The scan that waits or runs, or a new one, queued. Raises Conflict if a full one is asked for too late."""
    scan = scan_queries.open_scan(session, project.id, lock=True)
    if scan is None:
        actor = user.id if user else None
        wanted = Scan(project_id=project.id, full=full, created_by=actor, status="queued", done=0, total=0)
        if scan_queries.add(session, wanted):
            record(session, "scan", "project", project.id, actor_id=actor, project_id=project.id, full=full)
        scan = scan_queries.open_scan(session, project.id, lock=True)
        assert scan is not None  # ours, or the one that stood in its way
    if full and not scan.full:
        if scan.status == "running":
            raise Conflict("A scan is running. Ask for a full one when it has ended, or cancel it first.")
        scan.full = True
    if scan.status == "queued":
        scan.total = scan.total or scan_queries.count_pool(session, project.id)
    session.flush()
    enqueue(session, "checks.scan", key=f"checks:{project.id}", project_id=project.id)
    return scan


def cancel(session: Session, user: User, scan: Scan) -> Scan:
    """Stop a scan; what was found stays. Raises Conflict if it is over."""
    current = scan_queries.locked(session, scan.id)
    if current.status not in scan_queries.OPEN:
        raise Conflict(f"This scan is over: it {'was ' if current.status == 'cancelled' else ''}{current.status}.")
    current.cancel_requested_at = func.now()
    if current.status == "queued":
        current.status, current.finished_at = "cancelled", func.now()
    record(session, "cancel", "scan", scan.id, actor_id=user.id, project_id=scan.project_id)
    session.flush()
    session.refresh(current)
    return current


def end_approvals(session: Session, now: datetime) -> int:
    """Open the findings again whose acceptance has ended. Versions leave the example out from that moment anyway."""
    ended = select(Finding).where(Finding.state == "accepted", Finding.until <= now).order_by(Finding.id)
    rows = session.scalars(ended.limit(EXPIRED_AT_ONCE)).all()
    for project_id in sorted({row.project_id for row in rows}):
        lock(session, project_id)
    for row in rows:
        session.refresh(row)
        if row.state != "accepted" or row.until is None or row.until > now:
            continue  # a person was quicker
        row.state, row.state_at = "open", now  # `until` stays, and says why
        session.add(FindingDecision(finding_id=row.id, project_id=row.project_id, action="expire"))
    summarise(session, {row.example_id for row in rows})
    return len(rows)
