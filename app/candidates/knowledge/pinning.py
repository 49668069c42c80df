"""Fixing what a candidate searches: the versions that a collection consists of become a snapshot that stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, ranking, search
from app.candidates.knowledge.embedding import queries as embeddings
from app.candidates.knowledge.embedding.embedder import Embedder, digest, question
from app.candidates.knowledge.embedding.matrix import MOST_PASSAGES
from app.candidates.knowledge.forms import NewRetrieval
from app.candidates.knowledge.models import Collection, Snapshot, SnapshotVersion
from app.candidates.knowledge.ranking import WORDS, Ranking
from app.candidates.knowledge.rules import Found, block, mark_of, state_hash
from app.core.errors import Invalid, NotFound
from app.core.ids import new_id


@dataclass(frozen=True)
class Pinned:
    """What a candidate searches, ready to be searched. ``hash`` is the snapshot's."""

    top_k: int
    hash: str
    language: str
    versions: tuple[str, ...]
    collection_id: str = ""
    ranking: Ranking = WORDS

    def find(self, session: Session, request: str) -> list[Found]:
        """Raises NoVectors where the request has no vector, and needs one that only a provider makes."""
        return ranking.find(
            session, self.collection_id, self.language, self.versions, request, self.top_k, self.ranking
        )

    def by_words(self, session: Session, request: str) -> list[Found]:
        return search.find(session, self.language, self.versions, request, self.top_k)

    def ready(self, session: Session, requests: Sequence[str]) -> bool:
        """Whether all of them can be searched without asking a provider for a vector."""
        embedder = self.ranking.embedder
        if embedder is None or embedder.is_local:
            return True
        digests = {digest(one) for one in map(question, requests) if one}
        return digests == embeddings.known_questions(session, self.collection_id, embedder.key, sorted(digests))

    def embed(self, requests: Sequence[str], subject_id: str) -> None:
        """See to it that requests can be searched, in the worker and outside of any transaction. Raises NoVectors."""
        if self.ranking.embedder is not None:
            from app.candidates.knowledge.embedding.questions import ensure  # loads the client of providers

            ensure(self.collection_id, self.ranking.embedder, requests, subject_id)

    def sources(self, request: str, found: Sequence[Found]) -> str:
        """The part of the prompt that holds what was found for a request."""
        return block(found, mark_of(self.hash, request))


def pin(session: Session, project_id: str, new: NewRetrieval) -> dict[str, Any]:
    """What a candidate keeps of its retrieval. Invalid for a collection that is unknown, archived or empty then."""
    try:
        collection = queries.get(session, project_id, new.collection_id)
    except NotFound as error:
        raise Invalid.field("retrieval.collection_id", "This collection does not exist.") from error
    if collection.archived_at is not None:
        raise Invalid.field("retrieval.collection_id", f"“{collection.name}” is archived: choose another collection.")
    chosen = _ranking(session, collection, new)
    snapshot = _snapshot(session, collection, new.as_of)
    return {
        "collection_id": collection.id,
        "top_k": new.top_k,
        "as_of": new.as_of.isoformat() if new.as_of else None,
        "snapshot_id": snapshot.id,
        "passages_sha256": snapshot.content_hash,
        "ranking": chosen.how,
        "embedding": chosen.embedder.stored if chosen.embedder else None,
    }


def _ranking(session: Session, collection: Collection, new: NewRetrieval) -> Ranking:
    """By words and meaning where the collection has a model for vectors, unless somebody says otherwise. Invalid where
    a passage has no vector yet: it would never be found by its meaning."""
    how = new.ranking or ("both" if collection.embedding else "words")
    if how == "words":
        return WORDS
    if collection.embedding is None:
        words = f"“{collection.name}” has no model for vectors: choose one on its page."
        raise Invalid.field("retrieval.ranking", words)
    embedder = Embedder.of(collection.embedding)
    versions = [row.version_id for row in queries.state(session, collection.id, new.as_of)]
    counts = embeddings.counts(session, versions, embedder.key)
    missing = counts.passages - counts.vectors
    if missing:
        words = f"{missing:,} of {counts.passages:,} passages have no vector yet"
        advice = "have them made on the collection's page, or search by words."
        raise Invalid.field("retrieval.ranking", f"{words}: {advice}")
    if counts.vectors > MOST_PASSAGES:
        words = f"More than {MOST_PASSAGES:,} passages are searched by words only."
        raise Invalid.field("retrieval.ranking", words)
    return Ranking(how, embedder)


def _snapshot(session: Session, collection: Collection, as_of: date | None) -> Snapshot:
    """The one snapshot of that state, made where there is none."""
    state = queries.state(session, collection.id, as_of)
    if not state:
        when = f" on {as_of.isoformat()}" if as_of else ""
        field = "retrieval.as_of" if as_of else "retrieval.collection_id"
        raise Invalid.field(field, f"“{collection.name}” holds no document{when}: there is nothing to search.")
    content_hash = state_hash((row.name, row.dated.isoformat(), row.passages_sha256) for row in state)
    row = {
        "id": new_id(),
        "collection_id": collection.id,
        "content_hash": content_hash,
        "documents": len(state),
        "passages": sum(row.passages for row in state),
    }
    made = upsert(Snapshot).values(row).on_conflict_do_nothing().returning(Snapshot.id)
    if session.execute(made).first():
        session.execute(
            insert(SnapshotVersion), [{"snapshot_id": row["id"], "version_id": one.version_id} for one in state]
        )
    same = (Snapshot.collection_id == collection.id) & (Snapshot.content_hash == content_hash)
    return session.scalars(select(Snapshot).where(same)).one()


def snapshot_of(session: Session, retrieval: dict[str, Any]) -> tuple[Collection, Snapshot]:
    snapshot = session.get_one(Snapshot, retrieval["snapshot_id"])
    return session.get_one(Collection, snapshot.collection_id), snapshot


def pinned(session: Session, retrieval: dict[str, Any] | None) -> Pinned | None:
    """What the candidate searches; None for one without retrieval."""
    if retrieval is None:
        return None
    collection, snapshot = snapshot_of(session, retrieval)
    versions = session.scalars(
        select(SnapshotVersion.version_id).where(SnapshotVersion.snapshot_id == snapshot.id)
    ).all()
    return Pinned(
        retrieval["top_k"],
        snapshot.content_hash,
        collection.language,
        tuple(versions),
        collection.id,
        Ranking.of(retrieval),
    )


def manifest(session: Session, retrieval: dict[str, Any]) -> dict[str, Any]:
    """The part of a run's manifest that says what was searched."""
    collection, snapshot = snapshot_of(session, retrieval)
    ranked = Ranking.of(retrieval)
    return {
        "collection": {"id": collection.id, "name": collection.name, "language": collection.language},
        "as_of": retrieval["as_of"],
        "documents": snapshot.documents,
        "passages": snapshot.passages,
        "passages_sha256": snapshot.content_hash,
        "top_k": retrieval["top_k"],
        "search": ranked.method,
    } | ({"embedding": ranked.embedder.stored} if ranked.embedder else {})
