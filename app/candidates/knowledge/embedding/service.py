"""Verbs of embeddings: choose a model, have vectors made, cancel, go on, decide about lost calls."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.candidates.knowledge.embedding import queries
from app.candidates.knowledge.embedding.embedder import LOCAL, Embedder, digest, question
from app.candidates.knowledge.embedding.forms import NewEmbedder
from app.candidates.knowledge.embedding.matrix import MOST_PASSAGES
from app.candidates.knowledge.embedding.models import Embedding
from app.candidates.knowledge.embedding.vectors import MISSING_MODEL
from app.candidates.knowledge.models import Collection
from app.checks.semantic import model
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.gateway import queries as providers
from app.jobs.queue import enqueue
from app.projects.access import Access

OPEN = ("queued", "running")


@dataclass(frozen=True)
class Missing:
    """Passages without a vector; ``texts`` is at most how many are sent, ``dollars`` at most what that costs (None
    where no price is known)."""

    passages: int
    texts: int
    dollars: float | None


def choose(session: Session, access: Access, collection: Collection, new: NewEmbedder) -> None:
    """The model whose vectors the collection is searched by from now on. What candidates are pinned to stays."""
    if new.kind == "none":
        chosen = None
    elif new.kind == "local":
        if not model.available():
            raise Invalid.field("kind", MISSING_MODEL)
        chosen = LOCAL
    else:
        try:
            provider = providers.usable(session, new.provider_id or "")
        except NotFound as error:
            raise Invalid.field("provider_id", "Choose a provider.") from error
        free = provider.kind == "local_engine" and new.price is None
        chosen = Embedder(new.model or "", provider.id, 0.0 if free else new.price)
    collection.embedding = chosen.stored if chosen else None
    _record(session, access, "choose the model for vectors of", collection)


def missing(session: Session, collection: Collection) -> Missing | None:
    """None for a collection that is searched by words only."""
    if collection.embedding is None:
        return None
    embedder = Embedder.of(collection.embedding)
    found = queries.missing(session, collection.id, embedder.key)
    return Missing(found.passages, found.texts, embedder.most_it_can_cost_for(int(found.characters)))


def start(session: Session, access: Access, collection: Collection) -> Embedding:
    """Queue the making of what is missing. Conflict where nothing is, or something goes on already."""
    wanted = missing(session, collection)
    if wanted is None or collection.embedding is None:
        raise Conflict("Choose a model for vectors first.")
    if any(one.kind == "passages" for one in queries.open_ones(session, collection.id)):
        raise Conflict("Vectors are being made already, or wait for a decision.")
    if not wanted.passages:
        raise Conflict("Every passage has its vector.")
    if wanted.texts > MOST_PASSAGES:
        raise Conflict(f"More than {MOST_PASSAGES:,} passages are compared by words only: split the collection.")
    embedding = Embedding(
        project_id=collection.project_id,
        collection_id=collection.id,
        kind="passages",
        embedder=collection.embedding,
        total=wanted.texts,
        estimate=wanted.dollars,
        created_by=access.user.id,
    )
    return _begin(session, access, collection, embedding)


def ask(session: Session, access: Access, collection: Collection, text: str) -> Embedding | None:
    """Have a provider's vector made for a question that somebody tries; None where it has one or needs none."""
    if collection.embedding is None:
        raise Conflict("Choose a model for vectors first.")
    embedder, asked = Embedder.of(collection.embedding), question(text)
    known = queries.known_questions(session, collection.id, embedder.key, [digest(asked)])
    if embedder.is_local or known or not asked:
        return None
    embedding = Embedding(
        project_id=collection.project_id,
        collection_id=collection.id,
        kind="questions",
        embedder=collection.embedding,
        question=asked,
        total=1,
        estimate=embedder.most_it_can_cost([asked]),
        created_by=access.user.id,
    )
    return _begin(session, access, collection, embedding)


def cancel(session: Session, access: Access, collection: Collection, embedding: Embedding) -> Embedding:
    """Ask for nothing more; what was made stays. Cancelling what is over changes nothing."""
    current = queries.get(session, collection.id, embedding.id, lock=True)
    if current.status == "queued":
        current.status, current.finished_at, current.question = "cancelled", utcnow(), None
    elif current.status == "running":
        current.cancel_requested_at = current.cancel_requested_at or utcnow()
    else:
        return current
    _record(session, access, "cancel vectors of", collection)
    return current


def resume(session: Session, access: Access, collection: Collection, embedding: Embedding) -> Embedding:
    """Go on with the passages that have no vector yet."""
    current = queries.get(session, collection.id, embedding.id, lock=True)
    if current.kind != "passages" or current.status not in ("failed", "cancelled"):
        raise Conflict("Only work on passages that has stopped before its end can go on.")
    if any(one.kind == "passages" for one in queries.open_ones(session, collection.id)):
        raise Conflict("Vectors are being made already, or wait for a decision.")
    _queue_again(session, current)
    _record(session, access, "go on with vectors of", collection)
    return current


def decide_unknown(
    session: Session, access: Access, collection: Collection, embedding: Embedding, action: str
) -> Embedding:
    """Of a call that may have been billed without an answer: ask again (a person says so), or stop here.

    What belongs to a run or a batch ends here either way: whoever lets that go on has it asked again.
    """
    current = queries.get(session, collection.id, embedding.id, lock=True)
    if current.status != "needs_decision":
        raise Conflict("No call waits for a decision.")
    queries.accept(session, current.id, access.user.id)
    if action == "resend" and (current.kind == "passages" or current.question):
        _queue_again(session, current)
    else:
        current.status, current.finished_at, current.question = "cancelled", utcnow(), None
    _record(session, access, f"{action}-unknown vectors of", collection)
    return current


def _queue_again(session: Session, embedding: Embedding) -> None:
    embedding.status, embedding.error = "queued", None
    embedding.cancel_requested_at = embedding.finished_at = None
    _enqueue(session, embedding)


def _begin(session: Session, access: Access, collection: Collection, embedding: Embedding) -> Embedding:
    session.add(embedding)
    _record(session, access, "make vectors of", collection)
    _enqueue(session, embedding)
    return embedding


def _enqueue(session: Session, embedding: Embedding) -> None:
    session.flush()
    enqueue(session, "knowledge.embed", key=f"embedding:{embedding.id}", embedding_id=embedding.id)


def _record(session: Session, access: Access, action: str, collection: Collection) -> None:
    actor, project = access.user.id, access.project.id
    record(session, action, "collection", collection.id, actor_id=actor, project_id=project, name=collection.name)
