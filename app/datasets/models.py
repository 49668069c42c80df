"""Test sets that are sealed and dataset versions that are frozen: what is measured on and what is trained on."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Id
from app.core.ids import new_id
from app.datasets.near.models import ScannedUnit

TEST_SET_KINDS = ("task", "edge", "red_team", "general")


class TestSet(Base):
    """Held-out cases. Once ``sealed_at`` is set a trigger refuses every change to it and to its cases."""

    __tablename__ = "test_sets"
    __test__ = False  # not a pytest class
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str]
    origin: Mapped[dict[str, Any]] = mapped_column(default=dict)  # how it was drawn: fraction and seed, or nothing
    # the set that this one takes over from, and how many there were before it in that line, plus one
    previous_id: Mapped[str | None] = mapped_column(ForeignKey("test_sets.id"))
    edition: Mapped[int] = mapped_column(default=1, server_default="1")
    size: Mapped[int] = mapped_column(default=0)
    content_hash: Mapped[str | None]
    sealed_at: Mapped[datetime | None]
    sealed_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("kind in ('task', 'edge', 'red_team', 'general')", name="kind"),
        CheckConstraint("(sealed_at is null) = (content_hash is null)", name="sealed_has_hash"),
        UniqueConstraint("project_id", "name"),
        Index("uq_test_sets_previous_id", "previous_id", unique=True),
    )


class TestCase(Base):
    """One case: the messages up to (not including) the expected answer, and what is expected of it.

    ``split`` is null in a draft set and 'test' once sealed; then the foreign keys hold its units on the test side.
    """

    __tablename__ = "test_cases"
    __test__ = False
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    test_set_id: Mapped[str] = mapped_column(ForeignKey("test_sets.id", ondelete="CASCADE"))
    position: Mapped[int]
    example_id: Mapped[str | None] = mapped_column(ForeignKey("examples.id"), index=True)
    messages: Mapped[list[Any]]
    tools: Mapped[list[Any] | None]
    expected: Mapped[dict[str, Any]]
    behavior: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fingerprint_unit: Mapped[str]
    group_unit: Mapped[str]
    content_hash: Mapped[str]
    split: Mapped[str | None]
    erasure_id: Mapped[str | None] = mapped_column(Id)  # the content is a tombstone since this erasure

    __table_args__ = (
        CheckConstraint("split = 'test'", name="split"),
        UniqueConstraint("test_set_id", "position"),
        UniqueConstraint("test_set_id", "fingerprint_unit"),
        ForeignKeyConstraint(
            ["project_id", "fingerprint_unit", "split"],
            ["split_assignments.project_id", "split_assignments.unit", "split_assignments.split"],
            name="fk_test_cases_fingerprint_split",
        ),
        ForeignKeyConstraint(
            ["project_id", "group_unit", "split"],
            ["split_assignments.project_id", "split_assignments.unit", "split_assignments.split"],
            name="fk_test_cases_group_split",
        ),
        Index("ix_test_cases_project_id_fingerprint_unit", "project_id", "fingerprint_unit"),
        Index("ix_test_cases_erasure_id", "erasure_id", postgresql_where="erasure_id is not null"),
        Index("ix_test_cases_project_id_group_unit", "project_id", "group_unit"),
    )


class TestSetAccess(Base):
    """Each use of a sealed set: ``kind`` 'scored_run' (a use) or 'viewed' (someone looked at results)."""

    __tablename__ = "test_set_access"
    __test__ = False
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    test_set_id: Mapped[str] = mapped_column(ForeignKey("test_sets.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    run_id: Mapped[str | None] = mapped_column(Id)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index(
            "uq_test_set_access_scored_run",
            "run_id",
            unique=True,
            postgresql_where="kind = 'scored_run'",
        ),
    )


class DatasetVersion(Base):
    """A frozen, content-hashed list of revisions. ``content_hash`` is the SHA-256 of the exact training bytes.

    ``record_hash`` is that of everything the rows hold (tags, groups, non-preferred answers …): exports that carry more
    than the training bytes are a function of it. None for versions frozen before there was one.
    """

    __tablename__ = "dataset_versions"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]  # v1, v2, … within the project
    name: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    size: Mapped[int]
    content_hash: Mapped[str]
    record_hash: Mapped[str | None]
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("project_id", "number"),)


class DatasetVersionItem(Base):
    """A revision in a frozen version. Its units must be on the train side: the database refuses otherwise."""

    __tablename__ = "dataset_version_items"
    dataset_version_id: Mapped[str] = mapped_column(
        ForeignKey("dataset_versions.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(Id)
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id"), index=True)
    revision_id: Mapped[str] = mapped_column(Id)
    fingerprint_unit: Mapped[str]
    group_unit: Mapped[str]
    split: Mapped[str] = mapped_column(default="train")

    __table_args__ = (
        CheckConstraint("split = 'train'", name="split"),
        UniqueConstraint("dataset_version_id", "fingerprint_unit"),
        ForeignKeyConstraint(
            ["revision_id", "project_id", "fingerprint_unit", "group_unit"],
            ["revisions.id", "revisions.project_id", "revisions.fingerprint_unit", "revisions.group_unit"],
            name="fk_dataset_version_items_revision",
            onupdate="CASCADE",
        ),
        ForeignKeyConstraint(
            ["project_id", "fingerprint_unit", "split"],
            ["split_assignments.project_id", "split_assignments.unit", "split_assignments.split"],
            name="fk_dataset_version_items_fingerprint_split",
        ),
        ForeignKeyConstraint(
            ["project_id", "group_unit", "split"],
            ["split_assignments.project_id", "split_assignments.unit", "split_assignments.split"],
            name="fk_dataset_version_items_group_split",
        ),
        ForeignKeyConstraint(  # compared with the sealed cases before it goes in
            ["project_id", "fingerprint_unit"],
            [ScannedUnit.project_id, ScannedUnit.unit],
            name="fk_dataset_version_items_scanned",
        ),
        Index("ix_dataset_version_items_project_id_fingerprint_unit", "project_id", "fingerprint_unit"),
        Index("ix_dataset_version_items_project_id_group_unit", "project_id", "group_unit"),
    )


class DatasetVersionExclusion(Base):
    """An example that matched the filters but is not in the version, and why."""

    __tablename__ = "dataset_version_exclusions"
    dataset_version_id: Mapped[str] = mapped_column(
        ForeignKey("dataset_versions.id", ondelete="CASCADE"), primary_key=True
    )
    example_id: Mapped[str] = mapped_column(ForeignKey("examples.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str]
