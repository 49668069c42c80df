"""How passages are ranked: by words, by vectors, or by both, fused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.candidates.knowledge import queries, search
from app.candidates.knowledge.embedding import matrix, vectors
from app.candidates.knowledge.embedding.embedder import Embedder
from app.candidates.knowledge.embedding.fusing import K, fused
from app.candidates.knowledge.rules import Found

How = Literal["words", "vectors", "both"]
HOW: dict[str, str] = {"words": "words", "vectors": "meaning", "both": "words and meaning"}
DEPTH = 100  # of each order that is fused
BY_VECTORS = "cosine of vectors (1)"
METHODS: dict[str, str] = {
    "words": search.METHOD,
    "vectors": BY_VECTORS,
    "both": f"{search.METHOD}, and {BY_VECTORS}, fused by reciprocal rank with k {K}",
}


@dataclass(frozen=True)
class Ranking:
    """``embedder``: whose vectors; None where only words count."""

    how: How
    embedder: Embedder | None = None

    @classmethod
    def of(cls, retrieval: Mapping[str, Any]) -> "Ranking":
        """Of a candidate; one that was made before there were vectors ranks by words."""
        stored = retrieval.get("embedding")
        return cls(retrieval.get("ranking", "words"), Embedder.of(stored) if stored else None)

    @property
    def method(self) -> str:
        return METHODS[self.how]


WORDS = Ranking("words")


def find(
    session: Session,
    collection_id: str,
    language: str,
    versions: Sequence[str],
    question: str,
    limit: int,
    ranking: Ranking,
) -> list[Found]:
    """At most ``limit`` passages, the best first. Raises NoVectors where the question has none and needs one."""
    if ranking.embedder is None or not versions or not question.strip():
        return search.find(session, language, versions, question, limit)
    vector = vectors.of_question(session, collection_id, ranking.embedder, question)
    close = matrix.closest(session, versions, ranking.embedder.key, vector, max(limit, DEPTH))
    if ranking.how == "vectors":
        return _shown(session, close[:limit])
    words = search.find(session, language, versions, question, max(limit, DEPTH))
    order = fused([one.passage_id for one in words], [passage_id for passage_id, _cosine in close])
    return _shown(session, order[:limit])


def _shown(session: Session, order: Sequence[tuple[str, float]]) -> list[Found]:
    known = queries.shown(session, [passage_id for passage_id, _score in order])
    return [
        Found(number, passage_id, *known[passage_id], round(score, 6))
        for number, (passage_id, score) in enumerate(order, 1)
    ]
