"""Drafting and sealing, by the services and against them: raw SQL in the app's own role is refused."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core import db
from app.core.errors import Conflict, Invalid
from app.datasets import queries, service
from app.datasets.forms import NewTestSet
from app.datasets.models import TestSet
from app.examples.models import Example, SplitAssignment
from app.projects.models import Project
from tests.datasets.factories import add_example
from tests.factories import Factory


@pytest.fixture
def user(factory: Factory) -> User:
    return factory.user()


@pytest.fixture
def project(factory: Factory, user: User) -> Project:
    return factory.project(user)


def sealed_set(session: Session, user: User, project: Project, *examples: Example, name: str = "Held out") -> TestSet:
    new = NewTestSet(name=name, example_ids=[example.id for example in examples])
    test_set = service.seal(session, user, project.id, service.draft(session, user, project, new).test_set.id)
    session.commit()
    return test_set


def sides(session: Session, project: Project) -> dict[str, str]:
    rows = select(SplitAssignment.unit, SplitAssignment.split).where(SplitAssignment.project_id == project.id)
    return dict(session.execute(rows).all())


def test_a_draft_of_a_fraction_keeps_groups_whole(session: Session, user: User, project: Project) -> None:
    for n in range(40):
        add_example(session, project, f"Question {n}", group=f"customer-{n % 10}")
    add_example(session, project, "Rejected", status="rejected")
    made = service.draft(session, user, project, NewTestSet(name="A", fraction=0.3, seed=5))
    groups = {case.group_unit for case in queries.all_cases(session, made.test_set.id)}
    assert (made.test_set.size, len(groups)) == (12, 3)
    assert made.test_set.origin == {"fraction": 0.3, "seed": 5, "pool": "any", "tag": None}
    assert set(sides(session, project).values()) == {"train"}
    again = service.draft(session, user, project, NewTestSet(name="B", fraction=0.3, seed=5))
    overlap = {case.group_unit for case in queries.all_cases(session, again.test_set.id)} & groups
    assert not overlap  # what stands in one draft is not drawn for another


def test_a_draw_by_label_reads_it_in_the_answer_too(session: Session, user: User, factory: Factory) -> None:
    """Classification rows often have no expectation: their answer is the label, where the project knows it as one."""
    project = factory.project(user, labels=["refund", "invoice"])
    for n in range(30):
        add_example(session, project, f"Refund {n}", "refund\n")
    for n in range(10):
        add_example(session, project, f"Invoice {n}", "We answer", expected={"label": "invoice"})
    for n in range(10):
        add_example(session, project, f"Other {n}", "thanks")
    new = NewTestSet(name="A", fraction=0.2, seed=1, stratify="label")
    made = service.draft(session, user, project, new).test_set
    whole, drawn = made.origin["strata"]
    assert whole == {"refund": 30, "invoice": 10, "none": 10}
    assert drawn == {"refund": 6, "invoice": 2, "none": 2}


def test_a_selection_says_what_was_left_out(session: Session, user: User, project: Project) -> None:
    first = add_example(session, project, "Refund?", "No.", behavior="refuse")
    same = add_example(session, project, "refund?", "Yes.")
    mute = add_example(session, project, "Hello?", None)
    new = NewTestSet(name="A", example_ids=[first.id, same.id, mute.id])
    made = service.draft(session, user, project, new)
    assert [(x.example_id, x.reason) for x in made.left_out] == [
        (same.id, f"it asks the same as #{first.number}"),
        (mute.id, "it has no answer and no expectation"),
    ]
    (case,) = queries.all_cases(session, made.test_set.id)
    assert case.messages == [{"role": "user", "content": "Refund?"}]
    assert case.expected == {"text": "No.", "behavior": "refuse"}
    assert case.behavior == "refuse"


def test_a_wrong_selection_is_refused(session: Session, user: User, project: Project, factory: Factory) -> None:
    theirs = add_example(session, factory.project(user), "Theirs")
    with pytest.raises(Invalid, match=theirs.id):
        service.draft(session, user, project, NewTestSet(name="A", example_ids=[theirs.id]))
    session.rollback()
    with pytest.raises(Invalid, match="no approved examples"):
        service.draft(session, user, project, NewTestSet(name="A", fraction=0.5, pool="approved"))
    session.rollback()
    service.draft(session, user, project, NewTestSet(name="A"))
    with pytest.raises(Invalid, match="already a test set"):
        service.draft(session, user, project, NewTestSet(name="A"))


def test_sealing_goes_through_in_a_session_that_took_something_back(
    session: Session, user: User, project: Project
) -> None:
    chosen = add_example(session, project, "A")
    empty = service.draft(session, user, project, NewTestSet(name="Empty")).test_set.id
    draft = service.draft(session, user, project, NewTestSet(name="S", example_ids=[chosen.id])).test_set.id
    session.commit()
    with pytest.raises(Conflict, match="nothing to seal"):
        service.seal(session, user, project.id, empty)
    session.rollback()  # who seals is read anew, by a query between the parts of the seal
    assert service.seal(session, user, project.id, draft).sealed_by == user.id


def test_sealing_takes_the_whole_cluster_out_of_training(session: Session, user: User, project: Project) -> None:
    chosen = add_example(session, project, "A", group="g")
    in_group = add_example(session, project, "B", group="g")
    same_prompt = add_example(session, project, "b", "Another answer.")
    far = add_example(session, project, "C")
    draft = service.draft(session, user, project, NewTestSet(name="S", example_ids=[chosen.id])).test_set
    plan = service.seal_plan(session, draft)
    assert (plan.size, plan.moved, plan.quarantined) == (1, 3, {})
    sealed = service.seal(session, user, project.id, draft.id)
    session.commit()
    assert sides(session, project) == {"fp:a": "test", "group:g": "test", "fp:b": "test", "fp:c": "train"}
    splits = {e: session.get_one(Example, e.id, populate_existing=True).split for e in (in_group, same_prompt, far)}
    assert list(splits.values()) == ["test", "test", "train"]
    assert sealed.content_hash == service.content_hash(session, sealed)
    assert sealed.sealed_by == user.id


def test_a_sealed_set_is_closed_to_every_verb(session: Session, user: User, project: Project) -> None:
    sealed = sealed_set(session, user, project, add_example(session, project, "A"))
    for verb in (
        lambda: service.seal(session, user, project.id, sealed.id),
        lambda: service.load_draft(session, project.id, sealed.id),
        lambda: service.discard(session, user, project.id, sealed.id),
    ):
        with pytest.raises(Conflict, match="sealed"):
            verb()
    empty = service.draft(session, user, project, NewTestSet(name="Empty")).test_set
    with pytest.raises(Conflict, match="no cases"):
        service.seal(session, user, project.id, empty.id)


REFUSED = {
    "change a case": "update test_cases set expected = '{}'",
    "change its side": "update test_cases set split = null",
    "delete a case": "delete from test_cases",
    "add a case": "insert into test_cases (id, project_id, test_set_id, position, messages, expected, tags, extra,"
    " fingerprint_unit, group_unit, content_hash, split) select gen_random_uuid(), project_id, id, 9, '[]', '{}',"
    " '{}', '{}', 'fp:a', 'fp:a', '', 'test' from test_sets where sealed_at is not null",
    "unseal": "update test_sets set sealed_at = null, content_hash = null",
    "rename": "update test_sets set name = 'other' where sealed_at is not null",
    "delete the set": "delete from test_sets where sealed_at is not null",
    "move a unit back": "update split_assignments set split = 'train' where split = 'test'",
    "rename a unit": "update split_assignments set unit = 'fp:z' where split = 'test'",
    "forget a unit": "delete from split_assignments where split = 'test'",
    "forget a use": "delete from test_set_access",
    "empty the table": "truncate test_cases",
    "switch the rule off": "alter table test_cases disable trigger sealed_cases_stay",
    "drop the rule": "drop trigger sealed_cases_stay on test_cases",
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(session: Session, user: User, project: Project, sql: str) -> None:
    sealed = sealed_set(session, user, project, add_example(session, project, "A"))
    queries.note_access(session, sealed.id, "viewed", user_id=user.id)
    session.commit()
    assert session.scalar(text("select current_user")) == db.APP_ROLE
    with pytest.raises(DBAPIError):
        session.execute(text(sql))
    session.rollback()
    assert service.content_hash(session, sealed) == sealed.content_hash


def test_a_set_cannot_be_sealed_by_hand_with_a_case_on_the_train_side(
    session: Session, user: User, project: Project
) -> None:
    example = add_example(session, project, "A")
    service.draft(session, user, project, NewTestSet(name="S", example_ids=[example.id]))
    session.commit()
    with pytest.raises(DBAPIError, match="outside the test side"):
        session.execute(text("update test_sets set sealed_at = now(), content_hash = 'x'"))
    session.rollback()
    with pytest.raises(DBAPIError, match="fk_test_cases_fingerprint_split"):
        session.execute(text("update test_cases set split = 'test'"))


def test_uses_are_scored_runs(session: Session, user: User, project: Project) -> None:
    sealed = sealed_set(session, user, project, add_example(session, project, "A"))
    run = "018f0000-0000-7000-8000-000000000001"
    for _ in range(2):
        queries.note_access(session, sealed.id, "scored_run", user_id=user.id, run_id=run)
    queries.note_access(session, sealed.id, "viewed", user_id=user.id)
    assert queries.uses(session, sealed.id) == 1
    ((found, uses),) = queries.list_sets(session, project.id, None, 10).items
    assert (found.id, uses) == (sealed.id, 1)
