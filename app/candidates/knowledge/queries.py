"""All SQL of collections but the search."""

from collections.abc import Collection as Ids
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.candidates.knowledge.models import Collection, Document, DocumentVersion, KnowledgeUpload, Passage
from app.candidates.models import Candidate
from app.core.errors import NotFound
from app.core.ids import is_id, new_id

# what a collection consists of on a day: of each document the newest version until then
STATE = text("""
select distinct on (d.id) v.id::text as version_id, d.name, v.dated, v.passages, v.passages_sha256
from knowledge_documents d join knowledge_versions v on v.document_id = d.id
where d.collection_id = cast(:collection as uuid) and d.removed_at is null and v.removed_at is null
  and (cast(:as_of as date) is null or v.dated <= cast(:as_of as date))
order by d.id, v.dated desc, v.id desc
""")
LISTED = text("""
select c.id::text, c.name, c.language, c.archived_at, c.created_at, count(distinct d.id) as documents,
  count(v.id) as versions, max(v.dated) as newest,
  (select count(*) from candidates k where k.retrieval ->> 'collection_id' = c.id::text) as candidates
from knowledge_collections c
left join (knowledge_documents d join knowledge_versions v on v.document_id = d.id and v.removed_at is null)
  on d.collection_id = c.id and d.removed_at is null
where c.project_id = cast(:project as uuid) group by c.id order by c.archived_at is not null, c.id desc
""")
DOCUMENTS = text("""
select d.id::text, d.name, d.removed_at, count(v.id) as versions, min(v.dated) as oldest, max(v.dated) as newest,
  (array_agg(v.kind order by v.dated desc, v.id desc))[1] as kind,
  (array_agg(v.passages order by v.dated desc, v.id desc))[1] as passages
from knowledge_documents d join knowledge_versions v on v.document_id = d.id and v.removed_at is null
where d.collection_id = cast(:collection as uuid) group by d.id order by d.removed_at is not null, d.name
""")
ADD_PASSAGES = text("""
insert into knowledge_passages (id, version_id, position, heading, text, search)
select id, cast(:version as uuid), position, heading, text,
  setweight(to_tsvector(cast(:language as regconfig), :title), 'A')
  || setweight(to_tsvector(cast(:language as regconfig), heading), 'B')
  || setweight(to_tsvector(cast(:language as regconfig), text), 'D')
from unnest(cast(:ids as uuid[]), cast(:headings as text[]), cast(:texts as text[]))
  with ordinality as x(id, heading, text, position)
""")


def get(session: Session, project_id: str, collection_id: str) -> Collection:
    query = select(Collection).where(Collection.project_id == project_id, Collection.id == collection_id)
    found = session.scalar(query) if is_id(collection_id) else None
    if found is None:
        raise NotFound("This collection")
    return found


def by_name(session: Session, project_id: str, name: str) -> Collection | None:
    return session.scalar(select(Collection).where(Collection.project_id == project_id, Collection.name == name))


def listed(session: Session, project_id: str) -> Sequence[Row[Any]]:
    """Collections with what they hold, newest first, archived ones last."""
    return session.execute(LISTED, {"project": project_id}).all()


def candidates(session: Session, collection_id: str) -> Sequence[Candidate]:
    """Those that search this collection, newest first."""
    query = select(Candidate).where(Candidate.retrieval["collection_id"].astext == collection_id)
    return session.scalars(query.order_by(Candidate.id.desc())).all()


def state(session: Session, collection_id: str, as_of: date | None) -> Sequence[Row[Any]]:
    """(version_id, name, dated, passages, passages_sha256) of what holds on a day, or newest."""
    return session.execute(STATE, {"collection": collection_id, "as_of": as_of}).all()


def documents(session: Session, collection_id: str) -> Sequence[Row[Any]]:
    """Documents with their versions counted, by name, removed ones last."""
    return session.execute(DOCUMENTS, {"collection": collection_id}).all()


def document(session: Session, collection_id: str, document_id: str) -> Document:
    query = select(Document).where(Document.collection_id == collection_id, Document.id == document_id)
    found = session.scalar(query) if is_id(document_id) else None
    if found is None:
        raise NotFound("This document")
    return found


def versions(session: Session, document_id: str) -> Sequence[DocumentVersion]:
    """Those that are offered, the newest date first."""
    query = select(DocumentVersion).where(
        DocumentVersion.document_id == document_id, DocumentVersion.removed_at.is_(None)
    )
    return session.scalars(query.order_by(DocumentVersion.dated.desc(), DocumentVersion.id.desc())).all()


def passages(session: Session, version_id: str) -> Sequence[Passage]:
    query = select(Passage).where(Passage.version_id == version_id)
    return session.scalars(query.order_by(Passage.position)).all()


def named(session: Session, collection_id: str, name: str) -> str:
    """The id of the document of that name, made where there is none; one that was removed is offered again."""
    row = {"id": new_id(), "collection_id": collection_id, "name": name}
    query = insert(Document).values(row)
    again = query.on_conflict_do_update(index_elements=["collection_id", "name"], set_={"removed_at": None})
    return str(session.execute(again.returning(Document.id)).scalar_one())


def add_version(
    session: Session, language: str, title: str, version: DocumentVersion, passages: Sequence[tuple[str, str]]
) -> None:
    """``passages``: (text, heading) in order; ``title``: the words of the document's name."""
    session.add(version)
    session.flush()
    values = {
        "version": version.id,
        "language": language,
        "title": title,
        "ids": [new_id() for _one in passages],
        "texts": [text for text, _heading in passages],
        "headings": [heading for _text, heading in passages],
    }
    session.execute(ADD_PASSAGES, values)


def shown(session: Session, ids: Ids[str]) -> dict[str, tuple[str, str, str, str]]:
    """(document, date, heading, text) of passages by id."""
    query = (
        select(Passage.id, Document.name, DocumentVersion.dated, Passage.heading, Passage.text)
        .join(DocumentVersion, DocumentVersion.id == Passage.version_id)
        .join(Document, Document.id == DocumentVersion.document_id)
        .where(Passage.id.in_(ids))
    )
    return {row[0]: (row[1], row[2].isoformat(), row[3], row[4]) for row in session.execute(query)} if ids else {}


def upload(session: Session, collection_id: str, upload_id: str) -> KnowledgeUpload:
    query = select(KnowledgeUpload).where(
        KnowledgeUpload.collection_id == collection_id, KnowledgeUpload.id == upload_id
    )
    found = session.scalar(query) if is_id(upload_id) else None
    if found is None:
        raise NotFound("This upload")
    return found


def locked(session: Session, upload_id: str) -> KnowledgeUpload | None:
    return session.scalar(select(KnowledgeUpload).where(KnowledgeUpload.id == upload_id).with_for_update())


def uploads(session: Session, collection_id: str, limit: int) -> Sequence[KnowledgeUpload]:
    """Newest first."""
    query = select(KnowledgeUpload).where(KnowledgeUpload.collection_id == collection_id)
    return session.scalars(query.order_by(KnowledgeUpload.id.desc()).limit(limit)).all()


def set_offered(session: Session, upload_id: str, *, offered: bool) -> None:
    """Whether the versions that an upload brought are offered to new searches."""
    now = None if offered else text("now()")
    query = update(DocumentVersion).where(DocumentVersion.upload_id == upload_id)
    session.execute(query.values(removed_at=now))
