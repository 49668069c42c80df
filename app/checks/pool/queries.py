"""SQL of the comparisons over the training pool: who shares a request, and which test cases stand in it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.checks.models import Finding, ScanMark
from app.checks.pool.seen import Member
from app.datasets.models import TestCase, TestSet
from app.examples.chat import INSTRUCTION_ROLES
from app.examples.models import Example, Revision
from app.examples.queries import one_of, one_of_ids
from app.examples.rules import answer_index, canonical, normalise, text_of


def in_pool(project_id: str) -> list[ColumnElement[bool]]:
    """The training pool: what could go into a dataset version, decided or not."""
    return [
        Example.project_id == project_id,
        Example.deleted_at.is_(None),
        Example.split == "train",
        Example.status != "rejected",
    ]


def left(session: Session, project_id: str) -> Sequence[str]:
    """Examples that were looked at and are in the pool no more."""
    out = or_(Example.deleted_at.is_not(None), Example.split != "train", Example.status == "rejected")
    query = select(ScanMark.example_id).join(Example, Example.id == ScanMark.example_id)
    return session.scalars(query.where(ScanMark.project_id == project_id, out)).all()


def unpooled(session: Session, project_id: str, limit: int) -> Sequence[str]:
    """Examples that were looked at, and wait to be compared with the others."""
    query = select(ScanMark.example_id).where(ScanMark.project_id == project_id, ~ScanMark.pooled)
    return session.scalars(query.order_by(ScanMark.example_id).limit(limit)).all()


def mark_pooled(session: Session, example_ids: Sequence[str]) -> None:
    session.execute(update(ScanMark).where(one_of_ids(ScanMark.example_id, example_ids)).values(pooled=True))


def units_of(session: Session, example_ids: Collection[str]) -> set[str]:
    return set(session.scalars(select(Example.fingerprint_unit).where(one_of_ids(Example.id, example_ids))))


def clusters_of(session: Session, project_id: str, example_ids: Collection[str], kinds: Collection[str]) -> set[str]:
    """Clusters that these examples stand in, or are named in as the one to keep."""
    ids = list(example_ids)
    query = select(Finding.cluster).where(
        Finding.project_id == project_id,
        Finding.cluster.is_not(None),
        one_of(Finding.kind, kinds),
        or_(one_of_ids(Finding.example_id, ids), one_of_ids(Finding.other_example_id, ids)),
    )
    return {cluster for cluster in session.scalars(query.distinct()) if cluster}


def units_in_clusters(session: Session, project_id: str, clusters: Collection[str], kinds: Collection[str]) -> set[str]:
    query = (
        select(Example.fingerprint_unit)
        .join(Finding, or_(Finding.example_id == Example.id, Finding.other_example_id == Example.id))
        .where(Finding.project_id == project_id, one_of(Finding.cluster, clusters), one_of(Finding.kind, kinds))
    )
    return set(session.scalars(query.distinct())) if clusters else set()


def shared(session: Session, project_id: str, units: Iterable[str]) -> set[str]:
    """Those of the units that more than one example of the pool has."""
    query = select(Example.fingerprint_unit).where(*in_pool(project_id), one_of(Example.fingerprint_unit, units))
    return set(session.scalars(query.group_by(Example.fingerprint_unit).having(func.count() > 1)))


def members(session: Session, project_id: str, units: Iterable[str], *, content: bool) -> list[Member]:
    """The examples of the pool with one of these units; ``content``: also what they say."""
    current = and_(Revision.example_id == Example.id, Revision.number == Example.revision)
    said: tuple[Any, ...] = (Revision.messages, Revision.expected, Revision.behavior) if content else ()
    query = (
        select(Example.id, Example.number, Example.revision, Example.status, Example.fingerprint_unit)
        .add_columns(Revision.content_hash, *said)
        .join(Revision, current)
        .where(*in_pool(project_id), one_of(Example.fingerprint_unit, units))
    )
    rows: list[Any] = list(session.execute(query))
    return [Member(*row[:6], **_said(*row[6:])) for row in rows]


def _said(
    messages: Sequence[Any] = (), expected: dict[str, Any] | None = None, behavior: str | None = None
) -> dict[str, Any]:
    """What a revision answers, under which instructions, and what is wanted of it: for comparing."""
    if not messages:
        return {}
    wanted = expected or {}
    index = answer_index(messages)
    answer: Any = messages[index] if index is not None else {"content": wanted.get("text") or ""}
    calls = [call.get("function") for call in answer.get("tool_calls") or ()]
    said = normalise(text_of(answer.get("content")) or answer.get("refusal") or "")
    if calls or (index is None and "json" in wanted):
        said += canonical([calls, wanted.get("json")]).decode()
    instructions = [normalise(text_of(m.get("content"))) for m in messages if m.get("role") in INSTRUCTION_ROLES]
    wants = (wanted.get("label"), wanted.get("behavior") or behavior)
    return {"said": said, "instructions": "\n".join(instructions), "wants": wants}


def exact_leaks(session: Session, project_id: str) -> Sequence[Row[str, int, str, str, str, int]]:
    """(example id, revision, unit, set id, set name, position) of pool examples whose request a test case has.

    A draft set's own sources are no leak: sealing takes them out of the pool.
    """
    query = (
        select(Example.id, Example.revision, Example.fingerprint_unit, TestSet.id, TestSet.name, TestCase.position)
        .join(TestCase, TestCase.fingerprint_unit == Example.fingerprint_unit)
        .join(TestSet, TestSet.id == TestCase.test_set_id)
        .where(TestCase.project_id == project_id, *in_pool(project_id))
        .where(or_(TestSet.sealed_at.is_not(None), TestCase.example_id.is_(None)))
        .ext(distinct_on(Example.id, Example.fingerprint_unit))
        .order_by(Example.id, Example.fingerprint_unit, TestSet.sealed_at.is_(None), TestSet.id)
    )
    return session.execute(query).all()


def cases(session: Session, ids: Collection[str]) -> dict[str, tuple[str, int, bool]]:
    """By case: its unit, its position, and whether it was made of an example."""
    query = select(TestCase.id, TestCase.fingerprint_unit, TestCase.position, TestCase.example_id.is_not(None))
    rows = session.execute(query.where(one_of_ids(TestCase.id, ids)))
    return {case_id: (unit, position, drawn) for case_id, unit, position, drawn in rows}


def revisions_in_pool(session: Session, project_id: str, ids: Collection[str]) -> dict[str, int]:
    """The current revision of those of the examples that stand in the pool."""
    query = select(Example.id, Example.revision).where(*in_pool(project_id), one_of_ids(Example.id, ids))
    return dict(session.execute(query).all())
