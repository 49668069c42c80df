"""SQL of scans: which examples were not looked at yet, and how far a scan has come."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.checks.look import Looked
from app.checks.models import Scan, ScanMark
from app.checks.pool.queries import in_pool
from app.core.errors import NotFound
from app.core.ids import is_id
from app.examples.models import Example
from app.examples.queries import id_of_cursor, one_of_ids
from app.web.paging import Slice, cut

OPEN = ("queued", "running")
KEPT_AUTOMATIC = 20


def get(session: Session, project_id: str, scan_id: str) -> Scan:
    found = None
    if is_id(scan_id):
        found = session.scalar(select(Scan).where(Scan.project_id == project_id, Scan.id == scan_id))
    if found is None:
        raise NotFound("This scan")
    return found


def locked(session: Session, scan_id: str) -> Scan:
    """The scan, held until the transaction ends."""
    query = select(Scan).where(Scan.id == scan_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def open_scan(session: Session, project_id: str, *, lock: bool = False) -> Scan | None:
    """The one that waits or runs; there is at most one."""
    query = select(Scan).where(Scan.project_id == project_id, Scan.status.in_(OPEN))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def latest(session: Session, project_id: str) -> Scan | None:
    return session.scalar(select(Scan).where(Scan.project_id == project_id).order_by(Scan.id.desc()).limit(1))


def page(session: Session, project_id: str, cursor: str | None, limit: int) -> Slice[Scan]:
    """Newest first."""
    query = select(Scan).where(Scan.project_id == project_id)
    after = id_of_cursor(cursor)
    if after is not None:
        query = query.where(Scan.id < after)
    return cut(session.scalars(query.order_by(Scan.id.desc()).limit(limit + 1)).all(), limit, lambda row: (row.id,))


def add(session: Session, scan: Scan) -> bool:
    """False if somebody else has one open in this project."""
    values = {name: getattr(scan, name) for name in ("project_id", "full", "created_by", "total", "done", "status")}
    statement = insert(Scan).values(**values, found={}).on_conflict_do_nothing().returning(Scan.id)
    return session.scalar(statement) is not None


def forget_old(session: Session, project_id: str) -> None:
    """Of the scans that changes asked for, the newest stay."""
    own = select(Scan.id).where(Scan.project_id == project_id, Scan.created_by.is_(None), Scan.status.not_in(OPEN))
    old = own.order_by(Scan.id.desc()).offset(KEPT_AUTOMATIC)
    session.execute(delete(Scan).where(Scan.id.in_(old)).execution_options(synchronize_session=False))


def _unseen(project_id: str, stamp: str) -> list[ColumnElement[bool]]:
    mark = or_(ScanMark.example_id.is_(None), ScanMark.revision != Example.revision, ScanMark.detectors != stamp)
    return [*in_pool(project_id), mark]


def unseen(session: Session, project_id: str, stamp: str, after: str | None, limit: int) -> Sequence[str]:
    """Examples of the pool whose current revision these detectors have not seen, in the order of their ids."""
    query = select(Example.id).outerjoin(ScanMark, ScanMark.example_id == Example.id)
    query = query.where(*_unseen(project_id, stamp))
    if after is not None:
        query = query.where(Example.id > after)
    return session.scalars(query.order_by(Example.id).limit(limit)).all()


def count_unseen(session: Session, project_id: str, stamp: str) -> int:
    query = select(func.count()).select_from(Example).outerjoin(ScanMark, ScanMark.example_id == Example.id)
    return session.scalar(query.where(*_unseen(project_id, stamp))) or 0


def count_pool(session: Session, project_id: str) -> int:
    return session.scalar(select(func.count()).select_from(Example).where(and_(*in_pool(project_id)))) or 0


def mark(session: Session, project_id: str, looked: Sequence[Looked], stamp: str) -> None:
    """These revisions were looked at; comparing them with the others comes next."""
    if looked:
        rows: list[dict[str, Any]] = [
            {
                "example_id": one.example_id,
                "project_id": project_id,
                "revision": one.revision,
                "detectors": stamp,
                "pooled": False,
            }
            for one in sorted(looked, key=lambda one: one.example_id)
        ]
        statement = insert(ScanMark)
        given = {name: statement.excluded[name] for name in ("revision", "detectors", "pooled")}
        session.execute(statement.on_conflict_do_update(index_elements=["example_id"], set_=given), rows)


def forget_marks(session: Session, project_id: str, example_ids: Sequence[str] | None = None) -> None:
    """Of these examples, or of the whole project: they are looked at again."""
    gone = delete(ScanMark).where(ScanMark.project_id == project_id)
    if example_ids is not None:
        gone = gone.where(one_of_ids(ScanMark.example_id, example_ids))
    session.execute(gone)
