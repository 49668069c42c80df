"""Verbs of collections: make, upload to, take documents out and back, archive, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates.knowledge import queries, ranking
from app.candidates.knowledge.embedding import queries as embeddings
from app.candidates.knowledge.embedding.embedder import Embedder
from app.candidates.knowledge.embedding.vectors import NoVectors
from app.candidates.knowledge.forms import NewCollection, Search
from app.candidates.knowledge.models import Collection, Document, KnowledgeUpload
from app.candidates.knowledge.ranking import WORDS, How, Ranking
from app.candidates.knowledge.rules import Found
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid
from app.core.settings import get_settings
from app.examples.import_service import shown_name
from app.jobs.queue import enqueue
from app.projects.access import Access


@dataclass(frozen=True)
class File:
    """A file that lies in the uploads folder."""

    path: Path
    name: str


def create(session: Session, access: Access, new: NewCollection) -> Collection:
    if queries.by_name(session, access.project.id, new.name):
        raise Conflict(f"There is already a collection “{new.name}”: choose another name.")
    collection = Collection(
        project_id=access.project.id, name=new.name, language=new.language, created_by=access.user.id
    )
    session.add(collection)
    session.flush()
    _record(session, access, "create", collection)
    return collection


def take_files(
    session: Session, access: Access, collection: Collection, files: Sequence[File], dated: date | None
) -> KnowledgeUpload:
    """Queue the reading of files; ``dated``: from when on they hold, today where it is not said."""
    if not files:
        raise Invalid.field("file", "Choose at least one file.")
    if collection.archived_at is not None:
        raise Conflict("This collection is archived: take it back first.")
    waiting = [{"name": shown_name(file.name), "stored": file.path.name, "state": "waiting"} for file in files]
    upload = KnowledgeUpload(
        collection_id=collection.id, dated=dated or utcnow().date(), files=waiting, created_by=access.user.id
    )
    session.add(upload)
    session.flush()
    _record(session, access, "upload to", collection, files=len(files))
    enqueue(session, "knowledge.read", key=f"knowledge:{upload.id}", upload_id=upload.id)
    return upload


@dataclass(frozen=True)
class Looked:
    """``how``: what it was ranked by in the end; ``note``: why not by meaning. ``unasked``: a provider could be asked
    for the question's vector."""

    found: list[Found]
    how: How
    note: str = ""
    unasked: bool = False


def look(session: Session, collection: Collection, wanted: Search) -> Looked:
    """Try a search on what the collection holds now, or held on a day. Nobody is asked for anything."""
    embedder = Embedder.of(collection.embedding) if collection.embedding else None
    how: How = wanted.ranking or ("both" if embedder else "words")
    if how != "words" and embedder is None:
        raise Invalid.field("ranking", "This collection has no model for vectors: search it by words.")
    state = [row.version_id for row in queries.state(session, collection.id, wanted.as_of)]
    place = (session, collection.id, collection.language, state, wanted.q, wanted.top_k)
    if how == "words":
        return Looked(ranking.find(*place, WORDS), how)
    try:
        return Looked(ranking.find(*place, Ranking(how, embedder)), how)
    except NoVectors as error:
        unasked = embedder is not None and not embedder.is_local
        return Looked(ranking.find(*place, WORDS), "words", str(error), unasked)


def cancel(session: Session, access: Access, collection: Collection, upload: KnowledgeUpload) -> KnowledgeUpload:
    """Stop before the next file; what was read stays. Cancelling what is over changes nothing."""
    current = queries.locked(session, upload.id)
    if current is None or current.status not in ("queued", "running"):
        return upload
    current.cancel_requested_at = current.cancel_requested_at or func.now()
    if current.status == "queued":
        current.status, current.finished_at = "cancelled", func.now()
        forget_files(current)
    _record(session, access, "cancel upload to", collection)
    session.flush()
    session.refresh(current)
    return current


def take_back(session: Session, access: Access, collection: Collection, upload: KnowledgeUpload, *, undo: bool) -> None:
    """Take what an upload brought out of new searches, or put it in again. What candidates are pinned to stays."""
    if upload.status in ("queued", "running"):
        raise Conflict("This upload is still being read: cancel it first.")
    queries.set_offered(session, upload.id, offered=not undo)
    upload.undone_at = utcnow() if undo else None
    _record(session, access, "take back upload to" if undo else "put back upload to", collection)


def offer(session: Session, access: Access, collection: Collection, document: Document, *, offered: bool) -> None:
    """Take a document out of new searches, or put it in again. What candidates are pinned to stays."""
    document.removed_at = None if offered else utcnow()
    _record(session, access, "put document back into" if offered else "take document out of", collection)


def archive(session: Session, access: Access, collection: Collection, *, archived: bool) -> None:
    collection.archived_at = utcnow() if archived else None
    _record(session, access, "archive" if archived else "take out of the archive", collection)


def delete(session: Session, access: Access, collection: Collection) -> None:
    """For good, with all documents. Conflict where a candidate searches it: its runs could not be graded again."""
    if embeddings.open_ones(session, collection.id):
        raise Conflict("Vectors are being made, or wait for a decision: end that first.")
    used = queries.candidates(session, collection.id)
    if used:
        raise Conflict(f"“{used[0].name}” searches this collection, so its documents stay: archive it instead.")
    for upload in queries.uploads(session, collection.id, limit=10_000):
        forget_files(upload)
    _record(session, access, "delete", collection)
    session.delete(collection)


def forget_files(upload: KnowledgeUpload) -> None:
    """Remove what still waits in the uploads folder."""
    for file in upload.files:
        if file["state"] == "waiting":
            (get_settings().uploads / file["stored"]).unlink(missing_ok=True)


def _record(session: Session, access: Access, action: str, collection: Collection, **detail: int) -> None:
    record(
        session,
        action,
        "collection",
        collection.id,
        actor_id=access.user.id,
        project_id=access.project.id,
        name=collection.name,
        **detail,
    )
