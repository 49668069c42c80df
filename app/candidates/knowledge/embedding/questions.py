"""Vectors of the questions of a run or a batch, made in the worker before anything is searched."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.candidates.knowledge.embedding import queries, runner
from app.candidates.knowledge.embedding.embedder import Embedder, digest, question
from app.candidates.knowledge.embedding.models import Embedding
from app.candidates.knowledge.embedding.vectors import NoVectors
from app.candidates.knowledge.models import Collection
from app.core.clock import utcnow
from app.core.db import transaction

UNDECIDED = (
    "A call for the vectors of questions may have been billed without an answer: decide about it on the page of the "
    "collection “{name}”, then go on here."
)


def ensure(collection_id: str, embedder: Embedder, texts: Sequence[str], subject_id: str) -> None:
    """Make what is missing, and wait for it. In a thread of the worker, never while a transaction is open.

    Whoever calls this is the only one at work on ``subject_id``: what stands there as running was left by a worker
    that is gone. Raises NoVectors.
    """
    if embedder.is_local:
        return  # made where they are needed
    with transaction() as session:
        name = session.get_one(Collection, collection_id).name
        undecided = [one for one in queries.of_subject(session, subject_id) if _undecided(session, one)]
    if undecided:
        raise NoVectors(UNDECIDED.format(name=name))
    named = {digest(one): one for one in map(question, texts) if one}
    with transaction() as session:
        known = queries.known_questions(session, collection_id, embedder.key, list(named))
        left = [one for key, one in named.items() if key not in known]
        if not left:
            return
        work_id = _begin(session, collection_id, embedder, left, subject_id)
    asyncio.run(runner.run(work_id, left))
    with transaction() as session:
        work = session.get_one(Embedding, work_id)
        if work.status == "needs_decision":
            raise NoVectors(UNDECIDED.format(name=name))
        if work.status != "succeeded":
            raise NoVectors(f"Vectors of the questions: {work.error or 'cancelled.'}")


def _undecided(session: Session, work: Embedding) -> bool:
    """End what a worker that is gone left; whether a person must decide about a call of it."""
    if work.status == "running":
        work.lease += 1
        lost = queries.give_up(session, work.id)
        work.status, work.finished_at = ("needs_decision" if lost else "cancelled"), utcnow()
    return work.status == "needs_decision"


def _begin(session: Session, collection_id: str, embedder: Embedder, texts: Sequence[str], subject_id: str) -> str:
    collection = session.get_one(Collection, collection_id)
    work = Embedding(
        project_id=collection.project_id,
        collection_id=collection.id,
        kind="questions",
        subject_id=subject_id,
        embedder=embedder.stored,
        status="running",
        total=len(texts),
        estimate=embedder.most_it_can_cost(texts),
    )
    session.add(work)
    session.flush()
    return work.id
