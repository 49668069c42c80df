"""Collections of documents, their dated versions cut into passages, and the states that candidates are pinned to."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id


class Collection(Base):
    """``language``: the text search configuration of Postgres by which its words are stemmed; fixed from creation.
    ``embedding``: the model that makes vectors of its passages (``Embedder``); none: it is searched by words only."""

    __tablename__ = "knowledge_collections"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    language: Mapped[str] = mapped_column(default="english")
    embedding: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    archived_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "name"),)


class KnowledgeUpload(Base):
    """Files that came together. ``files``: [{"name", "stored", "state", "message", "versions", "unchanged",
    "passages"}] in order, ``state`` waiting, read or refused; each is taken in by one transaction."""

    __tablename__ = "knowledge_uploads"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    collection_id: Mapped[str] = mapped_column(ForeignKey("knowledge_collections.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(default="queued")
    dated: Mapped[date]
    files: Mapped[list[Any]]
    error: Mapped[str | None]
    cancel_requested_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
    )


class Document(Base):
    """One name in a collection; what it says stands in its versions."""

    __tablename__ = "knowledge_documents"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    collection_id: Mapped[str] = mapped_column(ForeignKey("knowledge_collections.id", ondelete="CASCADE"))
    name: Mapped[str]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("collection_id", "name"),)


class DocumentVersion(Base):
    """What a document says from ``dated`` on. Nothing but ``removed_at`` ever changes. ``passages_sha256``: over the
    passages with their headings, in order."""

    __tablename__ = "knowledge_versions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    document_id: Mapped[str] = mapped_column(ForeignKey("knowledge_documents.id", ondelete="CASCADE"))
    upload_id: Mapped[str | None] = mapped_column(ForeignKey("knowledge_uploads.id", ondelete="SET NULL"), index=True)
    dated: Mapped[date]
    kind: Mapped[str]  # markdown | html | pdf | text
    passages: Mapped[int]
    passages_sha256: Mapped[str]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_knowledge_versions_document_id_dated", "document_id", "dated", "id"),)


class Passage(Base):
    """A part of a version, as it is searched and shown to a model. Immutable; only erasure puts a tombstone there."""

    __tablename__ = "knowledge_passages"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    version_id: Mapped[str] = mapped_column(ForeignKey("knowledge_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    heading: Mapped[str]  # the headings over it, or its page
    text: Mapped[str]
    search: Mapped[str] = mapped_column(TSVECTOR, deferred=True)  # the document's name with weight A, heading B, text D

    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        Index("ix_knowledge_passages_search", "search", postgresql_using="gin"),
    )


class Snapshot(Base):
    """The versions that a collection consisted of. ``content_hash``: over names, dates and passages; one row each."""

    __tablename__ = "knowledge_snapshots"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    collection_id: Mapped[str] = mapped_column(ForeignKey("knowledge_collections.id", ondelete="CASCADE"))
    content_hash: Mapped[str]
    documents: Mapped[int]
    passages: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("collection_id", "content_hash"),)


class SnapshotVersion(Base):
    """A version that a snapshot needs: it cannot be deleted."""

    __tablename__ = "knowledge_snapshot_versions"
    snapshot_id: Mapped[str] = mapped_column(ForeignKey("knowledge_snapshots.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("knowledge_versions.id"), primary_key=True, index=True)
