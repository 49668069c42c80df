"""The job of an upload: file by file, each taken in by one transaction. Killed at any moment, it goes on from there."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, service
from app.candidates.knowledge.models import Collection, DocumentVersion, KnowledgeUpload
from app.candidates.knowledge.reading.parent import Read, read
from app.candidates.knowledge.rules import passages_hash, title_of
from app.core.db import transaction
from app.core.settings import get_settings
from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.parent import Stopped

Outcome = dict[str, Any]


def run(upload_id: str, stopping: Callable[[], bool]) -> None:
    """Returns when all files are read, when somebody cancelled, or when the worker is to stop."""
    while not stopping():
        waiting = _next(upload_id)
        if waiting is None:
            return
        place, file, dated = waiting
        path = get_settings().uploads / file["stored"]
        try:
            found: list[Read] | Unreadable = read(path, file["name"], dated, stopping)
        except Stopped:
            return
        except Unreadable as problem:
            found = problem
        except FileNotFoundError:
            found = Unreadable("The uploaded file is gone. Upload it again.")
        with transaction() as session:
            store(session, upload_id, place, found)
        path.unlink(missing_ok=True)


def _next(upload_id: str) -> tuple[int, dict[str, Any], Any] | None:
    """(place, file, date) of the first file that waits; ends the upload where none does or somebody cancelled."""
    with transaction() as session:
        upload = queries.locked(session, upload_id)
        if upload is None or upload.status not in ("queued", "running"):
            return None
        places = [place for place, file in enumerate(upload.files) if file["state"] == "waiting"]
        if places and upload.cancel_requested_at is None:
            upload.status = "running"
            return places[0], upload.files[places[0]], upload.dated
        if places:
            service.forget_files(upload)
        upload.status = "cancelled" if places else "succeeded"
        upload.finished_at = func.now()
    return None


def store(session: Session, upload_id: str, place: int, found: "list[Read] | Unreadable") -> None:
    """Unless another worker was here before."""
    upload = queries.locked(session, upload_id)
    if upload is None or upload.files[place]["state"] != "waiting":
        return
    collection = session.get_one(Collection, upload.collection_id)
    outcome = _refused(found) if isinstance(found, Unreadable) else _taken_in(session, collection, upload, found)
    upload.files = [file | outcome if at == place else file for at, file in enumerate(upload.files)]


def _refused(problem: Unreadable) -> Outcome:
    return {"state": "refused", "message": str(problem)}


def _taken_in(session: Session, collection: Collection, upload: KnowledgeUpload, found: Sequence[Read]) -> Outcome:
    """A version that says what the one before it says is left out."""
    empty = [one.name for one in found if not one.passages]
    if not found or len(empty) == len(found):
        return _refused(Unreadable("The file holds no text."))
    counts = {"versions": 0, "unchanged": 0, "passages": 0}
    for one in _in_time(found):
        document_id = queries.named(session, collection.id, one.name)
        content_hash = passages_hash(one.passages)
        before = next((v for v in queries.versions(session, document_id) if v.dated <= one.dated), None)
        if before is not None and before.passages_sha256 == content_hash:
            counts["unchanged"] += 1
            continue
        version = DocumentVersion(
            document_id=document_id,
            upload_id=upload.id,
            dated=one.dated,
            kind=one.kind,
            passages=len(one.passages),
            passages_sha256=content_hash,
        )
        queries.add_version(session, collection.language, title_of(one.name), version, one.passages)
        counts["versions"] += 1
        counts["passages"] += len(one.passages)
    documents = {one.name for one in found}
    return {"state": "read", "message": "", "documents": len(documents)} | counts


def _in_time(found: Sequence[Read]) -> list[Read]:
    """By date; those of one day as they stand, or backwards where the file tells a document's versions newest first."""
    of_document: dict[str, list[Read]] = {}
    for one in found:
        of_document.setdefault(one.name, []).append(one)
    told = [list(reversed(theirs)) if theirs[0].dated > theirs[-1].dated else theirs for theirs in of_document.values()]
    return sorted(chain.from_iterable(told), key=lambda one: one.dated)
