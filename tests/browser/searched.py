"""A collection with a document in two versions, as an upload leaves it."""

from datetime import date

from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, service, work
from app.candidates.knowledge.forms import NewCollection
from app.candidates.knowledge.models import Collection, KnowledgeUpload
from app.candidates.knowledge.reading.parent import Read
from app.projects.access import Access


def searched(session: Session, access: Access) -> dict[str, str]:
    collection = service.create(session, access, NewCollection(name="Policies"))
    first = _read(session, collection, date(2024, 1, 1), "We refund within 14 days.")
    _read(session, collection, date(2025, 1, 1), "We refund within 45 days.")
    (document,) = queries.documents(session, collection.id)
    return {"collection_id": collection.id, "upload_id": first.id, "document_id": document.id}


def _read(session: Session, collection: Collection, dated: date, text: str) -> KnowledgeUpload:
    file = {"name": "refunds.md", "stored": "gone", "state": "waiting"}
    upload = KnowledgeUpload(collection_id=collection.id, dated=dated, files=[file], status="succeeded")
    session.add(upload)
    session.flush()
    work.store(session, upload.id, 0, [Read("refunds.md", dated, "markdown", [(text, "Refunds")])])
    return upload
