"""Editing examples: revisions, stale edits, sides of the split."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.errors import Conflict, Invalid, NotFound
from app.examples import queries, service
from app.examples.models import Example
from app.projects.models import Project
from tests.examples.factories import add, chat
from tests.factories import Factory


def side(session: Session, unit: str) -> str | None:
    return session.scalar(text("select split from split_assignments where unit = :unit"), {"unit": unit})


def held_out(session: Session, example: Example) -> Example:
    queries.move_to_test(session, example.project_id, [example.fingerprint_unit])
    session.commit()
    session.refresh(example)
    assert example.split == "test"
    return example


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


def test_an_edit_is_a_new_revision_and_the_old_one_stays(session: Session, project: Project, factory: Factory) -> None:
    user = factory.user()
    example = add(session, project, tags=["a"], behavior="answer", group="customer-17")
    edited = chat(answer="Please send me the invoice number.")["messages"]
    service.revise(session, user, example, 1, messages=edited, reason="shorter")
    session.commit()
    assert (example.revision, example.answer, example.tags) == (2, "Please send me the invoice number.", ["a"])
    first, second = queries.revision(session, example.id, 1), queries.revision(session, example.id, 2)
    assert first.messages[-1]["content"] == "I can help with that."
    assert (second.author_id, second.reason, second.behavior) == (user.id, "shorter", "answer")
    assert second.group_unit == "group:customer-17"


def test_a_stale_edit_is_refused(session: Session, project: Project) -> None:
    example = add(session, project)
    service.revise(session, None, example, 1, tags=["first"])
    with pytest.raises(Conflict, match="Revision 2"):
        service.revise(session, None, example, 1, tags=["second"])
    assert example.tags == ["first"]


def test_no_change_makes_no_revision(session: Session, project: Project) -> None:
    example = add(session, project, tags=["a"])
    service.revise(session, None, example, 1, messages=chat()["messages"], tags=["a"])
    assert example.revision == 1


def test_content_sends_an_approved_example_back_to_review_and_tags_do_not(session: Session, project: Project) -> None:
    example = add(session, project, status="approved")
    service.revise(session, None, example, 1, tags=["edge"])
    assert example.status == "approved"
    service.revise(session, None, example, 2, messages=chat(answer="No.")["messages"])
    assert example.status == "to_review"


def test_behavior_and_expected_say_the_same(session: Session, project: Project) -> None:
    example = add(session, project, expected={"label": "billing", "behavior": "answer"})
    service.revise(session, None, example, 1, behavior="escalate")
    assert queries.revision(session, example.id, 2).expected == {"label": "billing", "behavior": "escalate"}
    service.revise(session, None, example, 2, behavior=None)
    assert queries.revision(session, example.id, 3).expected == {"label": "billing"}
    service.revise(session, None, example, 3, expected={"label": "refund", "behavior": "clarify"})
    assert example.behavior == "clarify"


def test_a_wrong_edit_names_the_field(session: Session, project: Project) -> None:
    example = add(session, project)
    with pytest.raises(Invalid) as caught:
        service.revise(session, None, example, 1, messages=[{"role": "user", "content": "a"}, {"role": "robot"}])
    assert caught.value.errors[0].loc == "messages.1.role"
    with pytest.raises(Invalid, match="half of a surrogate"):
        service.revise(session, None, example, 1, messages=chat(answer="\ud800")["messages"])


def test_a_new_prompt_is_registered_on_the_side_of_the_example(session: Session, project: Project) -> None:
    example = add(session, project)
    service.revise(session, None, example, 1, messages=chat("How do I cancel?")["messages"])
    assert (side(session, example.fingerprint_unit), example.split) == ("train", "train")


def test_a_held_out_example_stays_held_out_whatever_its_wording(session: Session, project: Project) -> None:
    example = held_out(session, add(session, project))
    taken = add(session, project, request="How do I cancel?")
    service.revise(session, None, example, 1, messages=chat("Completely new words")["messages"])
    assert (side(session, example.fingerprint_unit), example.split) == ("test", "test")
    service.revise(session, None, example, 2, messages=chat("how do I cancel")["messages"])
    session.commit()
    session.refresh(taken)
    assert (side(session, example.fingerprint_unit), example.split, taken.split) == ("test", "test", "test")


def test_wording_an_example_like_a_test_case_holds_it_out(session: Session, project: Project) -> None:
    held_out(session, add(session, project, request="How do I cancel?"))
    example = add(session, project, request="Something else")
    service.revise(session, None, example, 1, messages=chat("how do i CANCEL")["messages"])
    assert example.split == "test"
    assert add(session, project, request="How do I cancel??").split == "test"


def test_restoring_makes_a_new_revision_of_the_old_content(
    session: Session, project: Project, factory: Factory
) -> None:
    example = add(session, project, tags=["a"])
    service.revise(session, None, example, 1, messages=chat(answer="Bad")["messages"], tags=["b"])
    service.restore(session, factory.user(), example, 1, 2)
    assert (example.revision, example.answer, example.tags) == (3, "I can help with that.", ["a"])
    assert queries.revision(session, example.id, 3).reason == "restored revision 1"


def test_status_is_set_and_told(session: Session, project: Project, factory: Factory) -> None:
    user, example = factory.user(), add(session, project)
    service.set_status(session, user, example, "approved")
    session.commit()
    assert queries.status_counts(session, project.id) == {"approved": 1}
    line = session.execute(text("select detail from audit_events where action = 'set-status'")).scalar_one()
    assert (line["before"], line["status"]) == ("to_review", "approved")
    with pytest.raises(Invalid):
        service.set_status(session, user, example, "great")


def test_an_example_of_another_project_does_not_exist(session: Session, project: Project, factory: Factory) -> None:
    example = add(session, project)
    for wrong in (example.id + "x", "../etc", example.id.replace("-", "")):
        with pytest.raises(NotFound):
            queries.get(session, project.id, wrong)
    with pytest.raises(NotFound):
        queries.get(session, factory.project().id, example.id)
