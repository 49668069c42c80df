"""Verbs of dataset versions: freeze, read back the exact bytes, compare two."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Invalid, NotFound
from app.datasets import version_queries as queries
from app.datasets.models import DatasetVersion
from app.datasets.rules import Exclusion, Item, divide, training_line
from app.datasets.version_queries import Change
from app.examples.forms import ExampleFilter
from app.examples.queries import lock_splits
from app.projects.models import Project


@dataclass(frozen=True)
class Plan:
    """What freezing would take, and what it would leave out."""

    items: list[Item]
    excluded: list[Exclusion]


@dataclass(frozen=True)
class Diff:
    """Examples only in this version, only in the other one, and in both with another revision."""

    added: list[Change]
    removed: list[Change]
    changed: list[Change]


def load(session: Session, project_id: str, version_id: str) -> DatasetVersion:
    version = queries.find_version(session, project_id, version_id)
    if version is None:
        raise NotFound("This dataset version")
    return version


def plan(session: Session, project_id: str, wanted: ExampleFilter) -> Plan:
    """Divide what the filter matches; a filter without a status takes approved examples only."""
    return Plan(*divide(queries.considered(session, project_id, wanted), wanted.status or "approved"))


def freeze(session: Session, user: User, project: Project, name: str, wanted: ExampleFilter) -> DatasetVersion:
    """Freeze what the filter matches. Raises Invalid when nothing would be left to train on.

    Must not run inside a savepoint: the database closes the version with the transaction that made it.
    """
    lock_splits(session, project.id)
    planned = plan(session, project.id, wanted)
    if not planned.items:
        raise Invalid(_nothing(planned))
    version = DatasetVersion(
        project_id=project.id,
        number=queries.next_number(session, project.id),
        name=name,
        filters=wanted.model_dump(exclude_none=True),
        size=len(planned.items),
        content_hash=sha256(_lines(session, [item.revision_id for item in planned.items])),
        created_by=user.id,
    )
    queries.insert_version(session, version, planned.items, planned.excluded)
    facts = {"name": f"v{version.number} {name}", "size": version.size, "content_hash": version.content_hash}
    record(session, "freeze", "dataset_version", version.id, actor_id=user.id, project_id=project.id, **facts)
    return version


def training_bytes(session: Session, version: DatasetVersion) -> Iterator[bytes]:
    """The exact bytes to train on, a line at a time: OpenAI's chat JSONL. ``content_hash`` is their SHA-256."""
    return _lines(session, queries.revision_ids(session, version.id))


def verify_hash(session: Session, version: DatasetVersion) -> bool:
    """Whether the bytes are still those that were frozen."""
    return sha256(training_bytes(session, version)) == version.content_hash


def sha256(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def diff(session: Session, version: DatasetVersion, against: DatasetVersion) -> Diff:
    """What ``version`` has, lacks and has otherwise, seen from ``against``."""
    changes = queries.changes(session, version.id, against.id)
    return Diff(
        added=[change for change in changes if change.there is None],
        removed=[change for change in changes if change.here is None],
        changed=[change for change in changes if change.here is not None and change.there is not None],
    )


def _lines(session: Session, revision_ids: Sequence[str]) -> Iterator[bytes]:
    return (training_line(messages, tools) for messages, tools in queries.contents(session, revision_ids))


def _nothing(planned: Plan) -> str:
    if not planned.excluded:
        return "No example matches these filters: there is nothing to freeze."
    return (
        f"Nothing to freeze: all {len(planned.excluded)} examples that match are left out, the first one "
        f"(#{planned.excluded[0].number}) because: {planned.excluded[0].reason}."
    )
