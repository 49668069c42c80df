"""Verbs of imports: keep a file, start, cancel, take back."""

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, HoldoutError, Invalid, TooLarge
from app.core.settings import get_settings
from app.examples import import_queries
from app.examples.changes import changed
from app.examples.chat import Refused, check_tags
from app.examples.formats import FORMATS, Table
from app.examples.formats.columns import checked, suggest
from app.examples.importing import remove_file
from app.examples.models import Import
from app.examples.opening import open_file
from app.examples.unpacking.parent import readable, remove
from app.jobs.queue import enqueue
from app.projects.models import Project

MAX_FILE_NAME = 200


def new_upload() -> Path:
    """Where the next upload goes: a random name, made now and readable by nobody else."""
    path = get_settings().uploads / secrets.token_hex(16)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


def max_upload_bytes() -> int:
    return get_settings().max_upload_mb * 1_000_000


def too_large() -> TooLarge:
    return TooLarge(f"The file is larger than {get_settings().max_upload_mb} MB (HOLDOUT_MAX_UPLOAD_MB).")


def shown_name(name: str) -> str:
    """The uploaded file's name as it is shown: its last part, without what cannot be stored or seen."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(c for c in last.encode("utf-8", "ignore").decode() if c.isprintable())
    return clean[:MAX_FILE_NAME] or "file"


def keep_upload(
    session: Session,
    user: User | None,
    project: Project,
    path: Path,
    name: str,
    format: str = "auto",
    *,
    mapping: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Import:
    """Remember a file that lies in the uploads folder, to be looked at and then started.

    Raises Invalid where the file cannot be read at all; then the file is removed.
    """
    for stored in import_queries.take_abandoned(session):
        remove_file(stored)
    try:
        found = open_file(path, format, shown_name(name))
        table_of(found.format, found.path)
    except HoldoutError:
        remove(path)
        raise
    source = Import(
        project_id=project.id,
        file_name=shown_name(name),
        stored_name=path.name,
        format=found.format,
        container=found.container,
        mapping=dict(mapping) if mapping else None,
        tags=list(tags),
        status="uploaded",
        bytes_total=found.path.stat().st_size,
        created_by=user.id if user else None,
    )
    session.add(source)
    session.flush()
    return source


def lines_of(source: Import) -> Path:
    """Where the lines of an upload stand that is not imported yet."""
    return readable(get_settings().uploads / source.stored_name, source.container)


def table_of(format: str, path: Path) -> Table | None:
    """The columns of a file, or None where there is nothing to map. Raises NotThisFile."""
    find = FORMATS[format].table
    return find(path) if find else None


def start(
    session: Session,
    user: User | None,
    source: Import,
    mapping: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Import:
    """Queue an uploaded file. Raises Invalid for a mapping or tags that are not right, Conflict if it was started."""
    if source.status != "uploaded":
        raise Conflict("This import was started already.")
    columns = table_of(source.format, lines_of(source))
    if columns is not None:
        given = mapping if mapping is not None else source.mapping
        needed = FORMATS[source.format].needs_mapping
        given = given if given is not None or needed else suggest(columns)
        source.mapping = checked(given, columns.columns, answer=needed).model_dump(exclude_none=True)
    elif mapping:
        raise Invalid.field("mapping", "There is nothing to map in this file: its rows say themselves what is what.")
    try:
        source.tags = check_tags([*source.tags, *tags])
    except Refused as error:
        raise Invalid.field("tags", str(error).removeprefix("tags: ")) from error
    source.status = "queued"
    session.flush()
    actor = user.id if user else None
    record(session, "start", "import", source.id, actor_id=actor, project_id=source.project_id, file=source.file_name)
    enqueue(session, "examples.import", key=source.id, import_id=source.id)
    return source


def import_file(
    session: Session,
    user: User | None,
    project: Project,
    path: Path,
    name: str,
    format: str = "auto",
    mapping: Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> Import:
    """Copy a file of this machine into the uploads and queue its import (``run_import`` runs it here and now)."""
    if path.stat().st_size > max_upload_bytes():
        raise too_large()
    stored = new_upload()
    shutil.copyfile(path, stored)
    try:
        return start(session, user, keep_upload(session, user, project, stored, name, format), mapping, tags)
    except HoldoutError:
        remove(stored)
        raise


def discard(session: Session, source: Import) -> None:
    """Forget an upload that was not started."""
    if source.status != "uploaded":
        raise Conflict("This import was started already.")
    session.delete(source)
    remove_file(source.stored_name)


def cancel(session: Session, user: User | None, source: Import) -> Import:
    """Stop before the next batch; what is imported stays. Cancelling what is over changes nothing."""
    current = import_queries.locked(session, source.id)
    if current is None or current.status not in ("queued", "running"):
        return source
    current.cancel_requested_at = current.cancel_requested_at or func.now()
    if current.status == "queued":
        current.status, current.finished_at = "cancelled", func.now()
        remove_file(current.stored_name)
    actor = user.id if user else None
    record(session, "cancel", "import", source.id, actor_id=actor, project_id=source.project_id)
    session.flush()
    session.refresh(current)
    return current


def undo(session: Session, user: User | None, source: Import) -> tuple[int, int]:
    """Delete the import's examples that are in no version and no test set. Answers (deleted, kept)."""
    current = import_queries.locked(session, source.id)
    if current is None or current.status in ("uploaded", "queued", "running"):
        raise Conflict("This import is still running: cancel it first.")
    removed = import_queries.remove_examples(session, source.id)
    kept, _ = import_queries.living(session, source.id)
    current.undone_at = func.now()
    changed(session, source.project_id)
    actor = user.id if user else None
    record(
        session, "undo", "import", source.id, actor_id=actor, project_id=source.project_id, removed=removed, kept=kept
    )
    session.flush()
    session.refresh(current)
    return removed, kept
