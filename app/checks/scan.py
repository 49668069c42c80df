"""Running a scan: examples one at a time in chunks, then against each other, then against the test cases.

A worker may be killed at any moment: what was looked at is marked in the transaction that stores what was seen, so
the next worker goes on with the rest. A worker that was only slow finds that ``done`` has moved, and stops.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.checks import look, scan_queries
from app.checks.detectors.base import Setting
from app.checks.models import Scan
from app.checks.pool import compare
from app.checks.pool import queries as pool
from app.checks.reconcile import lock, reconcile, resolve_all
from app.checks.semantic import findings as semantic_findings
from app.checks.semantic import service as semantic
from app.core.clock import utcnow
from app.core.db import transaction
from app.datasets.near import service as near
from app.projects.models import Project

CHUNK = 500
COMPARED = 1_000
MUCH_NEW = 0.1  # of the pool
Stopping = Callable[[], bool]
log = logging.getLogger(__name__)


class Stopped(Exception):
    """Cancelled, taken over by another worker, or the worker is told to stop."""


def run_scan(project_id: str, stopping: Stopping = lambda: False) -> None:
    """Look at everything in the project that was not looked at. May be called again at any time, and killed."""
    try:
        with transaction() as session:
            scan_id, setting = _begin(session, session.get_one(Project, project_id))
        _look_at_all(project_id, scan_id, setting, stopping)
        near.scan(project_id, stopping)
        _compare_all(project_id, scan_id, stopping)
        _succeed(project_id, scan_id)
    except Stopped:
        log.info("the scan of project %s stopped before its end", project_id)
    except OperationalError:
        raise  # the database is away: the job comes back
    except Exception:
        log.exception("the scan of project %s broke", project_id)
        _fail(project_id)


def _begin(session: Session, project: Project) -> tuple[str | None, Setting]:
    """The scan that is open, now running; else a new one if there is anything to look at. None: nothing is unseen."""
    setting = look.setting_of(session, project)
    unseen = scan_queries.count_unseen(session, project.id, look.stamp(setting))
    scan = scan_queries.open_scan(session, project.id, lock=True)
    if scan is None:
        if not unseen:
            return None, setting
        scan_queries.add(session, Scan(project_id=project.id, status="queued", full=False, done=0, total=0))
        scan_queries.forget_old(session, project.id)
        scan = scan_queries.open_scan(session, project.id, lock=True)
        assert scan is not None  # ours, or one that a person asked for at this moment
    if scan.status == "queued":
        if scan.full:
            scan_queries.forget_marks(session, project.id)
        scan.status, scan.started_at = "running", func.now()
        setting = _measured(session, project, scan, setting, unseen)
        scan.total = scan_queries.count_unseen(session, project.id, look.stamp(setting))
    session.flush()
    return scan.id, setting


def _measured(session: Session, project: Project, scan: Scan, setting: Setting, unseen: int) -> Setting:
    """What is typical, measured anew where much is new or everything is looked at."""
    if scan.full or not setting.typical or unseen >= MUCH_NEW * scan_queries.count_pool(session, project.id):
        scan.typical = dict(look.measure(session, project.id, setting.typical))
        return replace(setting, typical=scan.typical)
    return setting


def _look_at_all(project_id: str, scan_id: str | None, setting: Setting, stopping: Stopping) -> None:
    after, stamp = None, look.stamp(setting)
    while True:
        done = _go_on(scan_id, stopping)
        with transaction() as session:
            ids = scan_queries.unseen(session, project_id, stamp, after, CHUNK)
            examples = look.read(session, project_id, ids)
        if not ids:
            return
        after = ids[-1]
        seen = look.look(examples, setting)  # outside any transaction: this is what takes long
        with transaction() as session:
            scan = _held(session, project_id, scan_id)
            if scan is not None and scan.done != done:
                raise Stopped
            new = reconcile(session, project_id, [one.example_id for one in examples], look.KINDS, seen, utcnow())
            scan_queries.mark(session, project_id, examples, stamp)
            if scan is not None:
                scan.done, scan.total = done + len(ids), max(scan.total, done + len(ids))
            _count(scan, new)


def _compare_all(project_id: str, scan_id: str | None, stopping: Stopping) -> None:
    with transaction() as session:
        gone = pool.left(session, project_id)
    for start in range(0, len(gone), COMPARED):
        _go_on(scan_id, stopping)
        with transaction() as session:
            scan = _held(session, project_id, scan_id)
            _count(scan, leave(session, project_id, gone[start : start + COMPARED]))
    while True:
        _go_on(scan_id, stopping)
        with transaction() as session:
            scan = _held(session, project_id, scan_id)
            ids = pool.unpooled(session, project_id, COMPARED)
            if not ids:
                break
            _count(scan, compare.compare(session, project_id, ids, utcnow()))
            pool.mark_pooled(session, ids)
    semantic.bring_up_to_date(project_id, lambda: _go_on(scan_id, stopping))
    with transaction() as session:
        scan = _held(session, project_id, scan_id)
        _count(scan, semantic_findings.duplicates(session, project_id, utcnow()))
        _count(scan, compare.leaks(session, project_id, utcnow()))


def leave(session: Session, project_id: str, ids: Collection[str]) -> Counter[str]:
    """These examples have left the training pool: their findings are resolved, their clusters judged without them."""
    now = utcnow()
    new = compare.compare(session, project_id, ids, now)
    resolve_all(session, ids, now)
    scan_queries.forget_marks(session, project_id, list(ids))
    return new


def look_again(session: Session, project: Project, ids: Collection[str], now: datetime) -> None:
    """Bring a few examples up to date here and now, after a person has done something about them."""
    setting = look.setting_of(session, project)
    examples = look.read(session, project.id, ids)
    here = [one.example_id for one in examples]
    reconcile(session, project.id, here, look.KINDS, look.look(examples, setting), now)
    scan_queries.mark(session, project.id, examples, look.stamp(setting))
    compare.compare(session, project.id, here, now)
    pool.mark_pooled(session, here)
    gone = sorted(set(ids) - set(here))
    if gone:
        leave(session, project.id, gone)


def _go_on(scan_id: str | None, stopping: Stopping) -> int:
    """How far the scan is. Raises Stopped, after noting a cancel that was asked for."""
    if stopping():
        raise Stopped
    if scan_id is None:
        return 0
    with transaction() as session:
        scan = scan_queries.locked(session, scan_id)
        if scan.status == "running" and scan.cancel_requested_at is not None:
            scan.status, scan.finished_at = "cancelled", func.now()
        status, done = scan.status, scan.done
    if status != "running":
        raise Stopped
    return done


def _held(session: Session, project_id: str, scan_id: str | None) -> Scan | None:
    """The scan, held by this transaction together with the project's findings."""
    lock(session, project_id)
    if scan_id is None:
        return None
    scan = scan_queries.locked(session, scan_id)
    if scan.status != "running":
        raise Stopped
    return scan


def _count(scan: Scan | None, new: Counter[str]) -> None:
    if scan is not None and new:
        scan.found = dict(Counter(scan.found) + new)


def _succeed(project_id: str, scan_id: str | None) -> None:
    if scan_id is not None:
        with transaction() as session:
            scan = _held(session, project_id, scan_id)
            assert scan is not None
            scan.status, scan.finished_at, scan.total = "succeeded", func.now(), scan.done


def _fail(project_id: str) -> None:
    with transaction() as session:
        scan = scan_queries.open_scan(session, project_id, lock=True)
        if scan is not None and scan.status == "running":
            scan.status, scan.finished_at = "failed", func.now()
            scan.error = "Something broke on our side. What was found so far stays; the error has been logged."
