"""Verbs of dataset versions: freeze, read back the exact bytes, compare two."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, Table
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.clock import utcnow
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import diff_queries, looks
from app.datasets import plan_queries as plans
from app.datasets import version_queries as queries
from app.datasets.diff_queries import Change
from app.datasets.formats import Record, record_line
from app.datasets.models import DatasetVersion
from app.datasets.near import service as near
from app.datasets.rules import Exclusion, training_line
from app.examples.forms import ExampleFilter
from app.projects.models import Project

LISTED = 100
DIFFERENCES = 10_000
PLANS = 5


@dataclass(frozen=True)
class Plan:
    """What freezing would take, and what it would leave out: by kind of reason, and the first hundred one by one."""

    size: int
    kinds: list[tuple[str, int]]
    excluded: list[Exclusion]


@dataclass(frozen=True)
class Diff:
    """Examples only in this version, only in the other one, and in both with another revision: the first 10,000 of
    each; ``counts`` has all."""

    added: list[Change]
    removed: list[Change]
    changed: list[Change]
    counts: dict[str, int]


def load(session: Session, project_id: str, version_id: str) -> DatasetVersion:
    version = queries.find_version(session, project_id, version_id)
    if version is None:
        raise NotFound("This dataset version")
    return version


def plan(session: Session, project_id: str, wanted: ExampleFilter, now: datetime | None = None) -> Plan:
    """Divide what the filter matches; a filter without a status takes approved examples only."""
    return _plan(session, plans.judged(project_id, wanted, wanted.status or "approved", now or utcnow()))


def _plan(session: Session, rows: Subquery | Table) -> Plan:
    size, kinds = plans.kinds(session, rows)
    return Plan(size, kinds, plans.left_out(session, rows, LISTED))


def freeze(session: Session, user: User, project: Project, name: str, wanted: ExampleFilter) -> DatasetVersion:
    """Freeze what the filter matches. Raises Invalid when nothing would be left to train on, Conflict while
    too much was not compared with the test cases, or not looked at by the checks, yet.

    Must not run inside a savepoint: the database closes the version with the transaction that made it.
    """
    near.bring_up_to_date(session, project.id)
    planned = _looked_at(session, project, wanted)
    if not planned.size:
        raise Invalid(_nothing(planned))
    content_hash, record_hash = hashes(queries.planned_records(session))
    version = DatasetVersion(
        project_id=project.id,
        number=queries.next_number(session, project.id),
        name=name,
        filters=wanted.model_dump(exclude_none=True),
        size=planned.size,
        content_hash=content_hash,
        record_hash=record_hash,
        created_by=user.id,
    )
    queries.insert_version(session, version)
    plans.insert_planned(session, version.id, project.id)
    facts = {"name": f"v{version.number} {name}", "size": version.size, "content_hash": version.content_hash}
    record(session, "freeze", "dataset_version", version.id, actor_id=user.id, project_id=project.id, **facts)
    return version


def _looked_at(session: Session, project: Project, wanted: ExampleFilter) -> Plan:
    """The plan, taken down once nothing is in it that nobody has looked at. People may go on editing meanwhile."""
    for _ in range(PLANS):
        plans.take_down(session, plans.judged(project.id, wanted, wanted.status or "approved", utcnow()))
        if not looks.look_at_plan(session, project):
            return _plan(session, plans.PLAN)
    raise Conflict("Examples are being changed faster than they can be looked at. Try again in a minute.")


def training_bytes(session: Session, version: DatasetVersion) -> Iterator[bytes]:
    """The exact bytes to train on, a line at a time: OpenAI's chat JSONL. ``content_hash`` is their SHA-256.

    Raises Conflict (see ``check_whole``).
    """
    check_whole(session, version)
    return (training_line(row.messages, row.tools) for row in queries.records(session, version.id))


def check_whole(session: Session, version: DatasetVersion) -> None:
    """Raises Conflict where rows were erased at a person's request: what was frozen is not there to be trained on."""
    if gone := erased_rows(session, version):
        raise Conflict(
            f"{gone:,} of {version.size:,} rows of v{version.number} were erased at a person's request: it can be "
            "neither exported nor trained on. Freeze a new version."
        )


def verify_hash(session: Session, version: DatasetVersion) -> bool:
    """Whether the bytes, and everything else that was frozen of the rows, are still the same."""
    found = hashes(queries.records(session, version.id))
    return found == (version.content_hash, version.record_hash or found[1])


def erased_rows(session: Session, version: DatasetVersion) -> int:
    """How many rows are tombstones since a person's data were erased: then the bytes cannot be had again."""
    return queries.erased_rows(session, version.id)


def hashes(records: Iterable[Record]) -> tuple[str, str]:
    """(SHA-256 of the training bytes, SHA-256 of everything that the records hold)."""
    content, everything = hashlib.sha256(), hashlib.sha256()
    for row in records:
        content.update(training_line(row.messages, row.tools))
        everything.update(record_line(row))
    return content.hexdigest(), everything.hexdigest()


def diff(session: Session, version: DatasetVersion, against: DatasetVersion) -> Diff:
    """What ``version`` has, lacks and has otherwise, seen from ``against``."""
    found = {
        kind: list(diff_queries.page(session, version.id, against.id, kind, None, DIFFERENCES).items)
        for kind in diff_queries.KINDS
    }
    return Diff(**found, counts=diff_queries.counts(session, version.id, against.id))


def _nothing(planned: Plan) -> str:
    if not planned.excluded:
        return "No example matches these filters: there is nothing to freeze."
    left_out = sum(number for _kind, number in planned.kinds)
    return (
        f"Nothing to freeze: all {left_out:,} examples that match are left out, the first one "
        f"(#{planned.excluded[0].number}) because: {planned.excluded[0].reason}."
    )
