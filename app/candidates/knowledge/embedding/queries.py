"""SQL of vectors, and of the work of making them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from app.candidates.knowledge.embedding.models import Embedding, QuestionVector
from app.core.errors import NotFound
from app.core.ids import is_id
from app.gateway.models import PaidCall

# passages that new searches may find, on any day, and that have no vector of a model
WANTED = """
from knowledge_documents d join knowledge_versions v on v.document_id = d.id join knowledge_passages p
  on p.version_id = v.id
where d.collection_id = cast(:collection as uuid) and d.removed_at is null and v.removed_at is null
  and p.text <> '[erased]'
  and not exists (select from knowledge_vectors x where x.passage_id = p.id and x.model = :model)
"""
NEXT = text(f"""
select p.id::text, d.name, p.heading, p.text {WANTED} order by d.id, p.heading, p.text, p.id limit :limit
""")
MISSING = text(f"""
select coalesce(sum(x.passages), 0)::int as passages, count(*) as texts, coalesce(sum(x.characters), 0) as characters
from (select count(*) as passages, max(length(d.name) + length(p.heading) + length(p.text)) as characters {WANTED}
  group by d.id, p.heading, p.text) x
""")  # noqa: S608 (constants)
# a version mostly says what the one before it said: the same words of the same document have the same vector
COPY = text("""
insert into knowledge_vectors (passage_id, model, vector)
select distinct on (p.id) p.id, x.model, x.vector
from knowledge_documents d join knowledge_versions v on v.document_id = d.id
join knowledge_passages p on p.version_id = v.id
join knowledge_versions w on w.document_id = d.id
join knowledge_passages q on q.version_id = w.id and md5(q.heading || q.text) = md5(p.heading || p.text)
  and q.heading = p.heading and q.text = p.text
join knowledge_vectors x on x.passage_id = q.id and x.model = :model
where d.collection_id = cast(:collection as uuid) and d.removed_at is null and v.removed_at is null
  and not exists (select from knowledge_vectors o where o.passage_id = p.id and o.model = :model)
order by p.id on conflict do nothing
""")
HELD = text("""
select p.id::text, x.vector from knowledge_passages p
join knowledge_vectors x on x.passage_id = p.id and x.model = :model
where p.version_id = any(cast(:versions as uuid[])) order by p.id
""")
COUNTS = text("""
select count(*) filter (where p.text <> '[erased]') as passages, count(x.passage_id) as vectors
from knowledge_passages p left join knowledge_vectors x on x.passage_id = p.id and x.model = :model
where p.version_id = any(cast(:versions as uuid[]))
""")


def next_passages(session: Session, collection_id: str, model: str, limit: int) -> Sequence[Row[Any]]:
    """(id, document, heading, text) without a vector; the same words of a document stand together."""
    return session.execute(NEXT, {"collection": collection_id, "model": model, "limit": limit}).all()


def missing(session: Session, collection_id: str, model: str) -> Row[Any]:
    """(passages, different texts, characters of those) that have no vector."""
    return session.execute(MISSING, {"collection": collection_id, "model": model}).one()


def copy_same(session: Session, collection_id: str, model: str) -> None:
    """Vectors for passages whose words stand with one in another version of their document."""
    session.execute(COPY, {"collection": collection_id, "model": model})


def counts(session: Session, versions: Sequence[str], model: str) -> Row[Any]:
    """(passages, vectors) of versions; erased passages are not counted, and have none."""
    return session.execute(COUNTS, {"versions": list(versions), "model": model}).one()


def held(session: Session, versions: Sequence[str], model: str) -> Sequence[Row[Any]]:
    """(passage id, vector), in the order of the ids."""
    return session.execute(HELD, {"versions": list(versions), "model": model}).all()


def question_vector(session: Session, collection_id: str, model: str, digest: str) -> bytes | None:
    found = session.get(QuestionVector, (collection_id, model, digest))
    return found.vector if found else None


def known_questions(session: Session, collection_id: str, model: str, digests: Sequence[str]) -> set[str]:
    query = select(QuestionVector.digest).where(
        QuestionVector.collection_id == collection_id,
        QuestionVector.model == model,
        QuestionVector.digest.in_(digests),
    )
    return set(session.scalars(query))


def get(session: Session, collection_id: str, embedding_id: str, *, lock: bool = False) -> Embedding:
    query = select(Embedding).where(Embedding.collection_id == collection_id, Embedding.id == embedding_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query) if is_id(embedding_id) else None
    if found is None:
        raise NotFound("This embedding")
    return found


def listed(session: Session, collection_id: str, limit: int) -> Sequence[Embedding]:
    """Newest first."""
    query = select(Embedding).where(Embedding.collection_id == collection_id)
    return session.scalars(query.order_by(Embedding.id.desc()).limit(limit)).all()


def open_ones(session: Session, collection_id: str) -> Sequence[Embedding]:
    """Those that go on, or wait for a person."""
    query = select(Embedding).where(
        Embedding.collection_id == collection_id, Embedding.status.in_(("queued", "running", "needs_decision"))
    )
    return session.scalars(query.order_by(Embedding.id)).all()


def of_subject(session: Session, subject_id: str) -> Sequence[Embedding]:
    """What is open for the questions of a run or a batch, locked."""
    query = select(Embedding).where(
        Embedding.subject_id == subject_id, Embedding.status.in_(("running", "needs_decision"))
    )
    return session.scalars(query.with_for_update()).all()


def unknown(session: Session, ids: Sequence[str]) -> Mapping[str, tuple[int, float]]:
    """By piece of work: calls that may have been billed without an answer, and what they may have cost."""
    query = (
        select(PaidCall.subject_id, func.count(), func.coalesce(func.sum(PaidCall.cost_estimate), 0.0))
        .where(PaidCall.subject_id.in_(ids), PaidCall.state == "unknown")
        .group_by(PaidCall.subject_id)
    )
    return {row[0]: (row[1], float(row[2] or 0.0)) for row in session.execute(query)} if ids else {}


def accept(session: Session, embedding_id: str, user_id: str) -> None:
    """A person has decided about its unknown calls: none of them is waited for any more."""
    session.execute(
        text(
            "update paid_calls set state = 'accepted', decided_by = :user, finished_at = clock_timestamp() "
            "where subject_id = :work and state = 'unknown'"
        ),
        {"user": user_id, "work": embedding_id},
    )


def give_up(session: Session, embedding_id: str) -> int:
    """What a worker that is gone had sent becomes unknown. How many calls wait for a decision then."""
    session.execute(
        text(
            "update paid_calls set state = 'unknown', finished_at = clock_timestamp(), error = jsonb_build_object("
            "'kind', 'worker_gone', 'message', 'The worker stopped while this call was under way.') "
            "where subject_id = :work and state = 'sent'"
        ),
        {"work": embedding_id},
    )
    return unknown(session, [embedding_id]).get(embedding_id, (0, 0.0))[0]
