"""Running an import: batch by batch, each committed together with how far it has come.

A worker may be killed at any moment. The next one goes on at the committed position, so no row is lost or doubled; a
worker that was only slow finds that the position has moved, and stops.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import closing
from pathlib import Path

import psycopg
from sqlalchemy import func
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.core.db import transaction
from app.core.errors import HoldoutError
from app.core.settings import get_settings
from app.examples import import_queries, run_outputs
from app.examples.batches import Stored
from app.examples.changes import changed
from app.examples.copy_lines import Origin
from app.examples.copying import origin_of
from app.examples.formats import Position, Row
from app.examples.models import Import
from app.examples.read_ahead import ahead, is_long
from app.examples.reading import Batch, Reading
from app.examples.storing import Pending, storing
from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.parent import Stopped, remove, unpacked
from app.jobs.queue import enqueue_at_commit

AT_ONCE = 2  # batches of a long file
MAX_GRADERS = 200  # of one file
RETRIES = 12
RETRY_SECONDS = 5.0
DATABASE_AWAY = (OperationalError, psycopg.OperationalError)
log = logging.getLogger(__name__)


def run_import(import_id: str, stopping: Callable[[], bool] = lambda: False) -> None:
    """Run the import to its end, until it is cancelled, or until ``stopping`` says so. May be called again any time."""
    for _ in range(RETRIES):
        try:
            for _read in steps(import_id, stopping):
                if stopping():
                    return
            _remove_file_if_over(import_id)
            return
        except DATABASE_AWAY:
            log.warning("the database did not answer in import %s; trying again", import_id)
            time.sleep(RETRY_SECONDS)
    _fail(import_id, "The database could not store more. What was imported so far stays; import the file again.")


def steps(import_id: str, stopping: Callable[[], bool] = lambda: False) -> Iterator[int]:
    """Go on where the import stands. Each step commits one batch and answers the rows read so far.

    ``stopping`` is asked while a packed file is unpacked, which may take long before the first batch.
    """
    with transaction() as session:
        source = _begin(session, import_id)
    if source is None:
        return
    start = Position(source.bytes_read, source.lines_read)
    try:
        path = _lines(source, stopping)
        origin = origin_of(source)
        reading = Reading(path, source.format, source.mapping, start, origin)
        at_once = AT_ONCE if is_long(reading) else 1
        with closing(storing(origin, ahead(reading), at_once)) as on_their_way:
            for pending in on_their_way:
                read = _commit(origin, pending)
                if read is None:
                    return
                yield read
        _finish(import_id)
    except DATABASE_AWAY:
        raise
    except Stopped:
        return
    except FileNotFoundError:
        _fail(
            import_id, "The uploaded file is not in the worker's data folder: web and worker must share HOLDOUT_HOME."
        )
    except (HoldoutError, Unreadable) as error:
        _fail(import_id, str(error))
    except Exception:
        log.exception("import %s broke", import_id)
        _fail(import_id, "Something broke on our side. What was imported so far stays; the error has been logged.")


def _begin(session: Session, import_id: str) -> Import | None:
    """The import if there is something to do for it, now running."""
    source = import_queries.locked(session, import_id)
    if source is None or source.status not in ("queued", "running"):
        return None
    source.status = "running"
    source.started_at = source.started_at or func.now()
    session.flush()
    session.refresh(source)
    return source


def _lines(source: Import, stopping: Callable[[], bool]) -> Path:
    """The file whose lines are read; of a packed upload what it holds, whose size the progress then counts."""
    path = get_settings().uploads / source.stored_name
    if source.container:
        path = unpacked(path, source.file_name, source.format, stopping)
    size = path.stat().st_size
    if size != source.bytes_total:
        with transaction() as session:
            import_queries.set_size(session, source.id, size)
    return path


def _commit(origin: Origin, pending: Pending) -> int | None:
    """Commit a batch with the new position. None: cancelled, or another worker has taken the import over."""
    session, batch = pending.session, pending.batch
    wait([pending.stored])
    if pending.stored.exception() is not None:  # which may have come of another worker's having stored the same
        session.rollback()
    source = import_queries.locked(session, origin.import_id)
    if source is None or source.status != "running" or source.bytes_read != batch.start.bytes:
        return None
    if source.cancel_requested_at is not None:
        session.rollback()
        _cancelled(origin.import_id)
        return None
    stored = pending.stored.result()
    left_out = run_outputs.left_out(session, origin.project_id, batch.outputs)
    _add_up(source, batch, stored, len(left_out))
    refused = [*(row for row in batch.others if row.reason), *left_out]
    import_queries.add_rejections(session, origin.import_id, sorted(refused, key=lambda row: row.line))
    session.commit()
    return source.rows_read


def _add_up(source: Import, batch: Batch, stored: Stored, left_out: int) -> None:
    """``left_out`` of the duplicates are refused, because they hold what the example that is there does not."""
    source.bytes_read, source.lines_read = batch.end.bytes, batch.end.lines
    source.rows_read += batch.size
    source.imported += stored.imported
    source.duplicates += stored.duplicates - left_out
    source.held_out += stored.held_out
    source.rejected_count += sum(bool(row.reason) for row in batch.others) + left_out
    _keep_definitions(source, [row for row in batch.others if not row.reason])


def _keep_definitions(source: Import, rows: Sequence[Row]) -> None:
    """Count rows that define evals and runs, and remember the graders in them, each once."""
    if rows:
        source.definitions += len(rows)
        found = [grader for row in rows for grader in row.graders if isinstance(grader, dict)]
        fresh = [grader for grader in found if grader not in source.graders]
        source.graders = [*source.graders, *fresh][:MAX_GRADERS]


def _cancelled(import_id: str) -> None:
    with transaction() as session:
        source = import_queries.locked(session, import_id)
        if source is not None and source.status == "running":
            _end(session, source, "cancelled")


def _finish(import_id: str) -> None:
    with transaction() as session:
        source = import_queries.locked(session, import_id)
        if source is not None and source.status == "running":
            source.bytes_read = source.bytes_total
            _end(session, source, "succeeded")


def _fail(import_id: str, reason: str) -> None:
    with transaction() as session:
        source = import_queries.locked(session, import_id)
        if source is not None and source.status == "running":
            source.error = reason
            _end(session, source, "failed")


def _end(session: Session, source: Import, status: str) -> None:
    source.status = status
    source.finished_at = func.now()
    changed(session, source.project_id)
    if source.imported:  # a job of the stage above, by its name: new requests are compared with all others
        near = f"near:{source.project_id}"
        enqueue_at_commit(session, "datasets.scan_near", key=near, project_id=source.project_id)
    record(
        session,
        "import",
        "import",
        source.id,
        actor_id=source.created_by,
        project_id=source.project_id,
        status=status,
        file=source.file_name,
        imported=source.imported,
        duplicates=source.duplicates,
        refused=source.rejected_count,
    )


def _remove_file_if_over(import_id: str) -> None:
    with transaction() as session:
        source = import_queries.locked(session, import_id)
        over = source is not None and source.status not in ("queued", "running")
    if source is not None and over:
        remove_file(source.stored_name)


def remove_file(stored_name: str) -> None:
    remove(get_settings().uploads / stored_name)
