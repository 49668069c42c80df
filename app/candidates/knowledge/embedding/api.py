"""Vectors of a collection under ``/api/v1``."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.candidates.knowledge import queries as collections
from app.candidates.knowledge.embedding import queries, service
from app.candidates.knowledge.embedding.embedder import Embedder
from app.candidates.knowledge.embedding.forms import NewEmbedder, NewQuestion, UnknownDecision
from app.candidates.knowledge.embedding.models import Embedding
from app.candidates.knowledge.models import Collection
from app.projects.access import Engineer, Viewer
from app.web.idempotency import api_router
from app.web.paging import ListAnswer
from app.web.session import SessionDep

router = api_router("knowledge")
ONE = "/projects/{slug}/collections/{collection_id}"
WORKS = ONE + "/embeddings"
WORK = WORKS + "/{embedding_id}"
SHOWN = 200


class EmbedderOut(BaseModel):
    """The model whose vectors a collection is searched by. ``missing_*``: what has none yet, and dollars at most."""

    kind: str
    model: str | None = None
    provider_id: str | None = None
    price: float | None = None
    missing_passages: int = 0
    missing_texts: int = 0
    missing_cost: float | None = None


class EmbeddingOut(BaseModel):
    """``unknown_calls`` may have been billed without an answer, and wait for a decision."""

    id: str
    kind: str
    model: str
    status: str
    progress: dict[str, int]
    estimate: float | None
    cost: float | None
    error: str | None
    unknown_calls: int
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, session: Session, work: Embedding) -> "EmbeddingOut":
        session.flush()
        session.refresh(work)
        names = ("id", "kind", "status", "estimate", "cost", "error", "created_at", "finished_at")
        return cls(
            model=Embedder.of(work.embedder).model,
            progress={"done": work.done, "total": work.total},
            unknown_calls=queries.unknown(session, [work.id]).get(work.id, (0, 0.0))[0],
            **{name: getattr(work, name) for name in names},
        )


@router.get(ONE + "/embedder")
def get_embedder(session: SessionDep, access: Viewer, collection_id: str) -> EmbedderOut:
    return _embedder(session, collections.get(session, access.project.id, collection_id))


@router.put(ONE + "/embedder")
def choose_embedder(session: SessionDep, access: Engineer, collection_id: str, new: NewEmbedder) -> EmbedderOut:
    """Candidates made before keep the model that they were made with."""
    collection = collections.get(session, access.project.id, collection_id)
    service.choose(session, access, collection, new)
    return _embedder(session, collection)


@router.get(WORKS)
def list_embeddings(session: SessionDep, access: Viewer, collection_id: str) -> ListAnswer[EmbeddingOut]:
    collection = collections.get(session, access.project.id, collection_id)
    works = queries.listed(session, collection.id, SHOWN)
    return ListAnswer(items=[EmbeddingOut.of(session, work) for work in works])


@router.post(WORKS, status_code=202)
def start_embedding(session: SessionDep, access: Engineer, collection_id: str) -> EmbeddingOut:
    """Make vectors for all passages without one. 409 where nothing is missing."""
    collection = collections.get(session, access.project.id, collection_id)
    return EmbeddingOut.of(session, service.start(session, access, collection))


@router.post(ONE + "/questions", status_code=202)
def ask_question(session: SessionDep, access: Engineer, collection_id: str, new: NewQuestion) -> EmbeddingOut | None:
    """Have a provider's vector made for a question, so that it is searched by meaning; null where it needs none."""
    collection = collections.get(session, access.project.id, collection_id)
    work = service.ask(session, access, collection, new.q)
    return EmbeddingOut.of(session, work) if work else None


@router.get(WORK)
def get_embedding(session: SessionDep, access: Viewer, collection_id: str, embedding_id: str) -> EmbeddingOut:
    collection = collections.get(session, access.project.id, collection_id)
    return EmbeddingOut.of(session, queries.get(session, collection.id, embedding_id))


@router.post(WORK + "/cancel", status_code=202)
def cancel_embedding(session: SessionDep, access: Engineer, collection_id: str, embedding_id: str) -> EmbeddingOut:
    collection = collections.get(session, access.project.id, collection_id)
    work = queries.get(session, collection.id, embedding_id)
    return EmbeddingOut.of(session, service.cancel(session, access, collection, work))


@router.post(WORK + "/resume", status_code=202)
def resume_embedding(session: SessionDep, access: Engineer, collection_id: str, embedding_id: str) -> EmbeddingOut:
    collection = collections.get(session, access.project.id, collection_id)
    work = queries.get(session, collection.id, embedding_id)
    return EmbeddingOut.of(session, service.resume(session, access, collection, work))


@router.post(WORK + "/unknown-calls", status_code=202)
def decide_unknown(
    session: SessionDep, access: Engineer, collection_id: str, embedding_id: str, decision: UnknownDecision
) -> EmbeddingOut:
    collection = collections.get(session, access.project.id, collection_id)
    work = queries.get(session, collection.id, embedding_id)
    return EmbeddingOut.of(session, service.decide_unknown(session, access, collection, work, decision.action))


def _embedder(session: Session, collection: Collection) -> EmbedderOut:
    if collection.embedding is None:
        return EmbedderOut(kind="none")
    chosen, wanted = Embedder.of(collection.embedding), service.missing(session, collection)
    figures = {"missing_passages": 0} if wanted is None else {
        "missing_passages": wanted.passages, "missing_texts": wanted.texts, "missing_cost": wanted.dollars,
    }  # fmt: skip
    return EmbedderOut(kind="local" if chosen.is_local else "provider", **chosen.stored, **figures)
