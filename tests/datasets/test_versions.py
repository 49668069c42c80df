"""Freezing: what goes in, why the rest does not, and that the bytes are those that were frozen."""

import hashlib
import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core import db
from app.core.errors import Conflict, Invalid
from app.datasets import service, version_queries, versions
from app.datasets.forms import NewTestSet
from app.datasets.models import DatasetVersion
from app.datasets.near import service as near
from app.examples.forms import ExampleFilter
from app.examples.models import Example, Revision
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


def freeze(session: Session, user: User, project: Project, **wanted: str) -> DatasetVersion:
    version = versions.freeze(session, user, project, "First", ExampleFilter.model_validate(wanted))
    session.commit()
    return version


def revise(session: Session, example: Example, answer: str) -> None:
    old = session.query(Revision).filter_by(example_id=example.id, number=example.revision).one()
    messages = [*old.messages[:-1], {"role": "assistant", "content": answer}]
    units = {"fingerprint_unit": old.fingerprint_unit, "group_unit": old.group_unit}
    number = example.revision + 1
    session.add(
        Revision(
            project_id=old.project_id,
            example_id=example.id,
            number=number,
            messages=messages,
            content_hash=answer,
            **units,
        )
    )
    example.revision = number
    session.commit()


def test_each_exclusion_has_its_reason(session: Session, user: User, project: Project) -> None:
    kept = add_example(session, project, "A", "Answer.", content_hash="same")
    copy = add_example(session, project, "a", "Answer.", content_hash="same")
    other = add_example(session, project, "A", "Another.")
    mute = add_example(session, project, "B", None, expected={"label": "refund"})
    waiting = add_example(session, project, "C", status="to_review")
    held = add_example(session, project, "D")
    sealed = service.draft(session, user, project, NewTestSet(name="S", example_ids=[held.id])).test_set
    service.seal(session, user, project.id, sealed.id)
    version = freeze(session, user, project)
    assert version.size == 1
    reasons = {e.example_id: e.reason for e in version_queries.exclusions(session, version.id, 10)}
    assert reasons == {
        copy.id: f"exact duplicate: of #{kept.number}",
        other.id: f"same request, other answer: #{kept.number} came first",
        mute.id: "no assistant answer",
        waiting.id: "not approved: to review",
        held.id: "on the test side",
    }
    kinds = version_queries.exclusion_kinds(session, version.id)
    assert kinds == {
        "exact duplicate": 1,
        "same request, other answer": 1,
        "no assistant answer": 1,
        "not approved": 1,
        "on the test side": 1,
    }


def test_the_hash_is_of_the_bytes_and_the_bytes_are_openai_chat(session: Session, user: User, project: Project) -> None:
    tools = [{"type": "function", "function": {"name": "refund", "parameters": {"b": 1, "a": 2}}}]
    messages = [
        {"content": "Be brief.", "role": "system"},
        {"content": "Zürich?", "role": "user", "name": "ana"},
        {"weight": 0, "content": "Ja.", "role": "assistant"},
        {"content": "Danke", "role": "user"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {}}]},
    ]
    add_example(session, project, "A", messages=messages, tools=tools)
    add_example(session, project, "B", "Yes.")
    version = freeze(session, user, project)
    data = b"".join(versions.training_bytes(session, version))
    assert hashlib.sha256(data).hexdigest() == version.content_hash
    first, second = (json.loads(line) for line in data.splitlines())
    assert first == {"messages": messages, "tools": tools}
    assert second == {"messages": [{"role": "user", "content": "B"}, {"role": "assistant", "content": "Yes."}]}
    assert data.startswith(b'{"messages":[{"role":"system","content":"Be brief."},{"role":"user","name"')
    assert versions.verify_hash(session, version)


def test_a_later_edit_does_not_reach_a_frozen_version(session: Session, user: User, project: Project) -> None:
    example = add_example(session, project, "A", "Old.")
    version = freeze(session, user, project)
    revise(session, example, "New.")
    assert b"Old." in b"".join(versions.training_bytes(session, version))
    assert versions.verify_hash(session, version)
    assert b"New." in b"".join(versions.training_bytes(session, freeze(session, user, project)))


def test_the_same_examples_give_the_same_hash(session: Session, user: User, project: Project) -> None:
    for n in range(5):
        add_example(session, project, f"Q{n}")
    first, second = freeze(session, user, project), freeze(session, user, project)
    assert (first.number, second.number) == (1, 2)
    assert first.content_hash == second.content_hash


def test_filters_narrow_and_are_kept(session: Session, user: User, project: Project) -> None:
    add_example(session, project, "A", tags=["refund"])
    add_example(session, project, "B")
    add_example(session, project, "C", status="needs_work", tags=["refund"])
    version = freeze(session, user, project, tag="refund")
    assert (version.size, version.filters) == (1, {"tag": "refund"})
    assert len(version_queries.exclusions(session, version.id, 10)) == 1
    assert freeze(session, user, project, status="needs_work").size == 1
    with pytest.raises(Invalid, match="No example matches"):
        freeze(session, user, project, tag="nothing")
    with pytest.raises(Invalid, match=r"all 3 examples .* not rejected: approved"):
        freeze(session, user, project, status="rejected")


def test_diff_against_another_version(session: Session, user: User, project: Project) -> None:
    stays = add_example(session, project, "A")
    edited = add_example(session, project, "B")
    leaves = add_example(session, project, "C")
    first = freeze(session, user, project)
    revise(session, edited, "Better.")
    leaves.status = "rejected"
    comes = add_example(session, project, "D")
    second = freeze(session, user, project)
    found = versions.diff(session, second, first)
    assert [c.example_id for c in found.added] == [comes.id]
    assert [c.example_id for c in found.removed] == [leaves.id]
    assert [(c.example_id, c.here, c.there) for c in found.changed] == [(edited.id, 2, 1)]
    assert stays.id not in {c.example_id for c in (*found.added, *found.removed, *found.changed)}
    assert found.counts == {"added": 1, "removed": 1, "changed": 1}
    assert found.removed[0].reason == "not approved: rejected"


ITEM = (
    "insert into dataset_version_items (dataset_version_id, position, project_id, example_id, revision_id,"
    " fingerprint_unit, group_unit, split) select v.id, 99, v.project_id, r.example_id, r.id, r.fingerprint_unit,"
    " r.group_unit, '{split}' from dataset_versions v, revisions r where r.fingerprint_unit = 'fp:{unit}'"
)
VERSION = (
    "with v as (insert into dataset_versions (id, project_id, number, name, filters, size, content_hash) select"
    " gen_random_uuid(), id, 9, 'x', '{{}}', 1, '' from projects returning *) " + ITEM
).replace("from dataset_versions v", "from v")
REFUSED = {
    "change": "update dataset_versions set content_hash = ''",
    "delete": "delete from dataset_versions",
    "change an item": "update dataset_version_items set position = 5",
    "delete an item": "delete from dataset_version_items",
    "add an item": ITEM.format(split="train", unit="b"),
    "add an exclusion": "insert into dataset_version_exclusions select v.id, e.id, '' from dataset_versions v,"
    " examples e where e.fingerprint_unit = 'fp:b'",
    "change a revision": "update revisions set messages = '[]'",
    "delete a revision": "delete from revisions",
    "a new version with a sealed prompt": VERSION.format(split="train", unit="sealed"),
    "a new version that says test": VERSION.format(split="test", unit="sealed"),
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(session: Session, user: User, project: Project, sql: str) -> None:
    add_example(session, project, "A")
    held = add_example(session, project, "Sealed")
    sealed = service.draft(session, user, project, NewTestSet(name="S", example_ids=[held.id])).test_set
    service.seal(session, user, project.id, sealed.id)
    version = freeze(session, user, project)
    add_example(session, project, "B")
    near.scan(project.id)
    assert session.scalar(text("select current_user")) == db.APP_ROLE
    with pytest.raises(DBAPIError):
        session.execute(text(sql))
    session.rollback()
    assert versions.verify_hash(session, version)
    session.execute(text(VERSION.format(split="train", unit="b")))  # the statement itself is sound


def test_what_was_trained_on_cannot_be_sealed(session: Session, user: User, project: Project) -> None:
    example = add_example(session, project, "A", group="g")
    kin = add_example(session, project, "B", group="g", status="to_review")
    version = freeze(session, user, project)
    draft = service.draft(session, user, project, NewTestSet(name="S", example_ids=[kin.id])).test_set
    assert list(service.seal_plan(session, draft).quarantined.values()) == [version.number]
    with pytest.raises(Conflict, match="1 of 1 cases"):
        service.seal(session, user, project.id, draft.id)
    session.rollback()
    with pytest.raises(DBAPIError, match="split"):
        session.execute(text("update split_assignments set split = 'test'"))
    session.rollback()
    assert session.get_one(Example, example.id).split == "train"
