"""Verbs of test sets: draft, change while draft, seal for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Invalid, NotFound
from app.core.ids import new_id
from app.datasets import queries
from app.datasets import split_queries as splits
from app.datasets.clusters import Clusters
from app.datasets.drawing import Candidate, draw, sizes
from app.datasets.forms import MAX_CASES, NewTestSet
from app.datasets.models import TestCase, TestSet
from app.datasets.near import service as near
from app.datasets.rules import case_content, case_hash, set_hash
from app.examples.changes import changed
from app.projects.models import Project

DRAWN = {"fraction", "seed", "pool", "tag"}  # what says how a share was drawn


@dataclass(frozen=True)
class LeftOut:
    """An example that was chosen but did not become a case."""

    example_id: str
    number: int
    reason: str


@dataclass(frozen=True)
class Draft:
    test_set: TestSet
    left_out: list[LeftOut]


@dataclass(frozen=True)
class SealPlan:
    """What sealing would do. ``quarantined``: case id → number of the dataset version that its cluster, or what it is
    near to, stands in. ``near``: what is near to a case without being of its cluster, and so leaves alone."""

    size: int
    moved: int
    quarantined: dict[str, int]
    units: set[str]
    near: set[str]


def draft(session: Session, user: User, project: Project, new: NewTestSet) -> Draft:
    """Make a draft set; nothing leaves the training pool before it is sealed."""
    drawn = (
        new.model_dump(include=DRAWN | ({"stratify"} if new.stratify else set())) if new.fraction is not None else {}
    )
    set_id = queries.insert_set(
        session, project_id=project.id, name=new.name, kind=new.kind, origin=drawn, created_by=user.id
    )
    if set_id is None:
        raise Invalid.field("name", f"There is already a test set “{new.name}”.")
    test_set = load(session, project.id, set_id)
    ids = list(new.example_ids or [])
    if new.fraction is not None:
        near.bring_up_to_date(session, project.id)
        pool = _pool(session, project.id, new)
        chosen = draw(pool, new.fraction, new.seed)
        ids = [candidate.example_id for candidate in chosen]
        if new.stratify:
            test_set.origin = test_set.origin | {"strata": [sizes(pool), sizes(chosen)]}
    left_out = _copy_examples(session, test_set, list(dict.fromkeys(ids)))
    record(
        session,
        "draft",
        "test_set",
        set_id,
        actor_id=user.id,
        project_id=project.id,
        name=new.name,
        size=test_set.size,
        **drawn,
    )
    return Draft(test_set, left_out)


def load(session: Session, project_id: str, set_id: str, *, lock: bool = False) -> TestSet:
    test_set = queries.find_set(session, project_id, set_id, lock=lock)
    if test_set is None:
        raise NotFound("This test set")
    return test_set


def load_draft(session: Session, project_id: str, set_id: str) -> TestSet:
    """The set, locked against a seal until the transaction ends. Raises Conflict once it is sealed."""
    test_set = load(session, project_id, set_id, lock=True)
    if test_set.sealed_at is not None:
        raise Conflict(f"“{test_set.name}” is sealed: nothing in it can change. Draft a new set for new cases.")
    return test_set


def add_rows(session: Session, test_set: TestSet, rows: Sequence[dict[str, Any]]) -> int:
    """Append cases; a prompt that the set has already is left out. Answers how many were added."""
    known = queries.known_prompts(session, test_set.id, (row["fingerprint_unit"] for row in rows))
    fresh: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["fingerprint_unit"] not in known:
            fresh.setdefault(row["fingerprint_unit"], row)
    if test_set.size + len(fresh) > MAX_CASES:
        raise Invalid(f"A test set holds at most {MAX_CASES:,} cases.")
    first = queries.next_position(session, test_set.id)
    shared = {"project_id": test_set.project_id, "test_set_id": test_set.id, "split": None}
    numbered = enumerate(fresh.values(), first)
    queries.insert_cases(session, [row | shared | {"id": new_id(), "position": n} for n, row in numbered])
    queries.recount(session, test_set.id)
    session.refresh(test_set)
    changed(session, test_set.project_id)
    return len(fresh)


def remove_cases(session: Session, user: User, test_set: TestSet, case_ids: Sequence[str]) -> None:
    """Take cases out of a draft (see ``load_draft``)."""
    if not queries.remove_cases(session, test_set.id, case_ids):
        raise NotFound("This case")
    queries.recount(session, test_set.id)
    session.refresh(test_set)
    changed(session, test_set.project_id)
    record(session, "remove-cases", "test_set", test_set.id, actor_id=user.id, project_id=test_set.project_id)


def discard(session: Session, user: User, project_id: str, set_id: str) -> None:
    test_set = load_draft(session, project_id, set_id)
    queries.remove_set(session, test_set.id)
    changed(session, project_id)
    record(session, "discard", "test_set", set_id, actor_id=user.id, project_id=project_id, name=test_set.name)


def seal_plan(session: Session, test_set: TestSet) -> SealPlan:
    clusters = Clusters(splits.links(session, test_set.project_id))
    frozen = splits.frozen_units(session, test_set.project_id)
    trained = {clusters.of(unit): number for unit, number in frozen.items()}
    cases = splits.case_units(session, test_set.id)
    linked = near.neighbours(session, test_set.project_id, [unit for _id, unit, _group in cases])
    quarantined: dict[str, int] = {}
    for case_id, unit, _group in cases:
        stuck = [trained.get(clusters.of(unit)), *(frozen.get(other) for other in linked.get(unit, ()))]
        if any(stuck):
            quarantined[case_id] = min(number for number in stuck if number)
    units = clusters.units_with(unit for _id, fingerprint, group in cases for unit in (fingerprint, group))
    alone = {other for others in linked.values() for other in others} - units
    moved = splits.count_leaving(session, test_set.project_id, units | alone)
    return SealPlan(len(cases), moved, quarantined, units, alone)


def seal(session: Session, user: User, project_id: str, set_id: str) -> TestSet:
    """Close the set for good and hold every unit of its clusters on the test side, in one transaction.

    Raises Conflict when it is sealed already, empty, when something in it has been trained on, or when too much was
    not compared with the cases yet.
    """
    near.bring_up_to_date(session, project_id)
    test_set = load_draft(session, project_id, set_id)
    plan = seal_plan(session, test_set)
    if plan.size == 0:
        raise Conflict("There is nothing to seal: the set has no cases.")
    if plan.quarantined:
        raise Conflict(
            f"{len(plan.quarantined)} of {plan.size} cases stand in a frozen dataset version, or a near-duplicate "
            "does, so a model may have been trained on them. Take them out of the set, then seal."
        )
    splits.move_to_test(session, project_id, plan.units, alone=plan.near)
    splits.mark_cases_sealed(session, set_id)
    # all at once: a row that had only one of them, written before a query, would be refused
    found, sealed_by = content_hash(session, test_set), user.id
    test_set.content_hash, test_set.size = found, plan.size
    test_set.sealed_by, test_set.sealed_at = sealed_by, func.now()
    session.flush()
    session.refresh(test_set)
    changed(session, project_id)
    facts = {"name": test_set.name, "size": plan.size, "moved": plan.moved, "content_hash": test_set.content_hash}
    record(session, "seal", "test_set", set_id, actor_id=user.id, project_id=project_id, **facts)
    return test_set


def content_hash(session: Session, test_set: TestSet) -> str:
    """Recomputed from what is stored; equal to ``test_set.content_hash`` for ever after the seal."""
    return set_hash(test_set.kind, (_stored(case) for case in queries.all_cases(session, test_set.id)))


def _stored(case: TestCase) -> dict[str, Any]:
    names = ("messages", "tools", "expected", "tags", "extra", "fingerprint_unit", "group_unit", "content_hash")
    return {name: getattr(case, name) for name in names}


def case_row(
    messages: Sequence[Any],
    tools: Sequence[Any] | None,
    expected: dict[str, Any] | None,
    behavior: str | None,
    **fields: Any,
) -> dict[str, Any] | None:
    """The columns of a case, or None where nothing says what to expect of it."""
    content = case_content(messages, expected, behavior)
    if content is None:
        return None
    return {
        "messages": content.messages,
        "tools": tools,
        "expected": content.expected,
        "behavior": content.expected.get("behavior"),
        "content_hash": case_hash(content.messages, tools, content.expected),
        **fields,
    }


def _copy_examples(session: Session, test_set: TestSet, example_ids: Sequence[str]) -> list[LeftOut]:
    found = splits.contents(session, test_set.project_id, example_ids)
    missing = [example_id for example_id in example_ids if example_id not in found]
    if missing:
        raise Invalid.field("example_ids", f"Not an example of this project: {', '.join(missing[:5])}.")
    rows: list[dict[str, Any]] = []
    left_out: list[LeftOut] = []
    first: dict[str, int] = {}
    for example_id in example_ids:
        example, revision = found[example_id]
        row = case_row(
            revision.messages,
            revision.tools,
            revision.expected,
            example.behavior,
            example_id=example.id,
            tags=example.tags,
            extra=revision.extra,
            fingerprint_unit=revision.fingerprint_unit,
            group_unit=revision.group_unit,
        )
        if row is None:
            left_out.append(LeftOut(example.id, example.number, "it has no answer and no expectation"))
        elif revision.fingerprint_unit in first:
            same = first[revision.fingerprint_unit]
            left_out.append(LeftOut(example.id, example.number, f"it asks the same as #{same}"))
        else:
            first[revision.fingerprint_unit] = example.number
            rows.append(row)
    add_rows(session, test_set, rows)
    return left_out


def _pool(session: Session, project_id: str, new: NewTestSet) -> list[Candidate]:
    pool = drawing_pool(session, project_id, approved_only=new.pool == "approved", tag=new.tag, stratify=new.stratify)
    if not pool:
        raise Invalid.field("fraction", _nothing_to_draw(new))
    return pool


def drawing_pool(
    session: Session, project_id: str, *, approved_only: bool, tag: str | None, stratify: str | None = None
) -> list[Candidate]:
    """What a fraction is drawn from: not on the test side, not in another set, and nothing kin to it trained on."""
    clusters = Clusters(splits.links(session, project_id))
    taken = {clusters.of(unit) for unit in splits.frozen_units(session, project_id)}
    taken |= {clusters.of(unit) for unit in splits.units_in_cases(session, project_id)}
    rows = splits.drawable(session, project_id, approved_only=approved_only, tag=tag)
    strata = splits.strata(session, project_id, stratify) if stratify else {}
    candidates = (Candidate(one, unit, clusters.of(unit), strata.get(one, "none")) for one, unit in rows)
    return [candidate for candidate in candidates if candidate.cluster not in taken]


def _nothing_to_draw(new: NewTestSet) -> str:
    which = "approved examples" if new.pool == "approved" else "examples"
    tagged = f" tagged “{new.tag}”" if new.tag else ""
    return (
        f"There are no {which}{tagged} to draw from: those in a test set or in a frozen dataset version do not count. "
        "Import or approve more, or upload cases."
    )
