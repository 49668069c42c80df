"""A collection with a document in two versions, as an upload leaves it."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, service, work
from app.candidates.knowledge.embedding.embedder import Embedder
from app.candidates.knowledge.embedding.models import Embedding
from app.candidates.knowledge.forms import NewCollection
from app.candidates.knowledge.models import Collection, KnowledgeUpload
from app.candidates.knowledge.reading.parent import Read
from app.gateway.models import PaidCall, Provider
from app.projects.access import Access


def searched(session: Session, access: Access) -> dict[str, str]:
    collection = service.create(session, access, NewCollection(name="Policies"))
    first = _read(session, collection, date(2024, 1, 1), "We refund within 14 days.")
    _read(session, collection, date(2025, 1, 1), "We refund within 45 days.")
    (document,) = queries.documents(session, collection.id)
    _embedded(session, collection)
    return {"collection_id": collection.id, "upload_id": first.id, "document_id": document.id}


def _read(session: Session, collection: Collection, dated: date, text: str) -> KnowledgeUpload:
    file = {"name": "refunds.md", "stored": "gone", "state": "waiting"}
    upload = KnowledgeUpload(collection_id=collection.id, dated=dated, files=[file], status="succeeded")
    session.add(upload)
    session.flush()
    work.store(session, upload.id, 0, [Read("refunds.md", dated, "markdown", [(text, "Refunds")])])
    return upload


def _embedded(session: Session, collection: Collection) -> None:
    """A provider's model for vectors, of which none came: one call may have been billed."""
    provider = session.scalars(select(Provider)).first()
    assert provider is not None
    collection.embedding = Embedder("small-embedder", provider.id, 0.02).stored
    work = Embedding(
        project_id=collection.project_id,
        collection_id=collection.id,
        kind="passages",
        embedder=collection.embedding,
        status="needs_decision",
        total=2,
    )
    session.add(work)
    session.flush()
    call = {"project_id": work.project_id, "provider_id": provider.id, "subject_id": work.id, "item": "passages"}
    session.add(PaidCall(**call, purpose="embed", state="unknown", cost_estimate=0.0001))
    session.flush()
