"""A sealed set never changes: what should be otherwise becomes a new version of it, which names the one before."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.accounts.audit import record
from app.accounts.models import User
from app.core.errors import Conflict, Invalid, NotFound
from app.datasets import edition_queries, queries, service
from app.datasets.models import TestCase, TestSet
from app.datasets.rules import case_hash
from app.examples import chat
from app.examples.chat import Refused
from app.web.forms import StrictModel

NUMBERED = re.compile(r" v\d+$")


class Successor(StrictModel):
    name: str | None = Field(None, min_length=1, max_length=120)


class Correction(StrictModel):
    """What is expected of a case, as a whole; tags that are absent stay."""

    expected: dict[str, Any]
    tags: list[str] | None = None


@dataclass(frozen=True)
class Changes:
    """A version against the one before, by the hash of each case: ``same`` can be compared between runs on both."""

    same: int
    added: int
    corrected: int
    removed: int


def succeed(session: Session, user: User, project_id: str, set_id: str, name: str | None = None) -> TestSet:
    """A draft with all cases of a sealed set, to add to and to correct. A set has at most one successor."""
    old = service.load(session, project_id, set_id, lock=True)
    if old.sealed_at is None:
        raise Conflict(f"“{old.name}” is a draft still: change it as it is.")
    following = edition_queries.successor(session, set_id)
    if following is not None:
        raise Conflict(f"“{following.name}” takes over from this set already: go on from there.")
    edition = old.edition + 1
    wanted = name or f"{NUMBERED.sub('', old.name)[:110]} v{edition}"
    values = {"previous_id": old.id, "edition": edition, "kind": old.kind, "origin": {}, "created_by": user.id}
    made = queries.insert_set(session, project_id=project_id, name=wanted, **values)
    if made is None:
        raise Invalid.field("name", f"There is already a test set “{wanted}”.")
    edition_queries.copy_cases(session, old.id, made)
    queries.recount(session, made)
    facts = {"name": wanted, "previous": old.name, "size": old.size}
    record(session, "draft", "test_set", made, actor_id=user.id, project_id=project_id, **facts)
    return service.load(session, project_id, made)


def changes(session: Session, test_set: TestSet) -> Changes | None:
    """Against the version before; None for a first one."""
    if test_set.previous_id is None:
        return None
    now = edition_queries.hashes(session, test_set.id)
    before = edition_queries.hashes(session, test_set.previous_id)
    shared = now.keys() & before.keys()
    same = sum(now[unit] == before[unit] for unit in shared)
    return Changes(same, len(now) - len(shared), len(shared) - same, len(before) - len(shared))


def correct(session: Session, user: User, test_set: TestSet, case_id: str, correction: Correction) -> TestCase:
    """Say otherwise what is expected of a case of a draft (see ``load_draft``)."""
    case = queries.case(session, test_set.id, case_id)
    if case is None:
        raise NotFound("This case")
    try:
        expected, behavior = chat.check_expected(correction.expected, None)
        tags = case.tags if correction.tags is None else chat.check_tags(correction.tags)
    except Refused as error:
        loc, _, message = str(error).partition(": ")
        raise Invalid.field(loc, message) from error
    if expected is None:
        raise Invalid.field("expected", "Say at least one thing that is expected: a text, a label or a behaviour.")
    case.expected, case.behavior, case.tags = expected, behavior, tags
    case.content_hash = case_hash(case.messages, case.tools, expected)
    session.flush()
    facts = {"name": test_set.name, "case": case.position}
    record(session, "correct-case", "test_set", test_set.id, actor_id=user.id, project_id=test_set.project_id, **facts)
    return case
