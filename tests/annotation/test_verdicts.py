"""A verdict with its edits: once, on the newest revision, and it can be taken back."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from app.annotation import queries, service
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid
from app.examples import queries as examples
from app.examples import service as example_service
from app.examples.models import Example
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.factories import Factory

EDITED = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Hello there."}]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(labels=["refund", "invoice"])


@pytest.fixture
def ana(factory: Factory, project: Project) -> Access:
    return access_of(factory, project)


@pytest.fixture
def example(factory: Factory, project: Project) -> Example:
    (example_id,) = add_examples(factory, project, 1)
    return examples.get(factory.session, project.id, example_id)


def audited(factory: Factory) -> list[str]:
    rows = text("select action from audit_events where object_type = 'example' order by id")
    return list(factory.session.scalars(rows))


@pytest.mark.parametrize(
    ("verdict", "status"), [("approve", "approved"), ("reject", "rejected"), ("needs_work", "needs_work")]
)
def test_a_verdict_sets_the_status(factory: Factory, ana: Access, example: Example, verdict: str, status: str) -> None:
    new = NewAnnotation.model_validate({"revision": 1, "verdict": verdict, "note": "why", "flagged": True})
    annotation = service.annotate(factory.session, ana, example, new)
    assert (example.status, example.revision, annotation.revision, annotation.note) == (status, 1, 1, "why")
    assert annotation.before == {"status": "to_review", "revision": 1, "left": 1}
    assert audited(factory) == [verdict]
    ((found, _who, of),) = queries.flagged(factory.session, example.project_id, ana.user.id, 10)
    assert (found.id, of.id) == (annotation.id, example.id)


def test_edits_make_the_revision_that_is_judged(factory: Factory, ana: Access, example: Example) -> None:
    new = NewAnnotation(
        revision=1, verdict="approve", messages=EDITED, tags=["short"], behavior="answer", label="refund"
    )
    annotation = service.annotate(factory.session, ana, example, new)
    assert (example.status, example.revision, example.tags, example.behavior) == ("approved", 2, ["short"], "answer")
    revision = examples.revision(factory.session, example.id, 2)
    assert revision.expected == {"label": "refund", "behavior": "answer"}
    assert (revision.messages, annotation.revision, annotation.label) == (EDITED, 2, "refund")


def test_an_unknown_label_and_an_empty_answer_are_refused(factory: Factory, ana: Access, example: Example) -> None:
    with pytest.raises(Invalid, match="not a label"):
        service.annotate(factory.session, ana, example, NewAnnotation(revision=1, verdict="approve", label="dance"))
    empty = [EDITED[0], {"role": "assistant", "content": " "}]
    with pytest.raises(Invalid) as refused:
        service.annotate(factory.session, ana, example, NewAnnotation(revision=1, verdict="approve", messages=empty))
    assert refused.value.errors[0].loc == "messages.1.content"


def test_a_stale_revision_is_a_conflict(factory: Factory, ana: Access, example: Example) -> None:
    example_service.revise(factory.session, None, example, 1, messages=EDITED)
    for revision in (1, 7):
        with pytest.raises(Conflict, match="revision 2 is the newest"):
            service.annotate(factory.session, ana, example, NewAnnotation(revision=revision, verdict="approve"))


def test_the_same_token_is_the_same_annotation(factory: Factory, ana: Access, example: Example) -> None:
    new = NewAnnotation(revision=1, verdict="approve", messages=EDITED, client_token="t1")
    first = service.annotate(factory.session, ana, example, new)
    assert service.annotate(factory.session, ana, example, new).id == first.id
    assert example.revision == 2


@pytest.mark.parametrize("edited", [False, True])
def test_the_same_request_sent_four_times_at_once(
    factory: Factory, project: Project, ana: Access, example: Example, edited: bool
) -> None:
    messages = EDITED if edited else None
    new = NewAnnotation(revision=1, verdict="approve", messages=messages, client_token="t1")
    held = service.next_item(factory.session, ana)
    assert held
    factory.session.commit()
    barrier = Barrier(4)

    def send(_turn: int) -> str:
        with transaction() as session:
            found = examples.get(session, project.id, example.id)
            barrier.wait()
            return service.annotate(session, ana, found, new, reservation_id=held.id).id

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(send, range(4)))
    assert len(ids) == 1
    assert factory.session.query(Annotation).count() == 1
    factory.session.refresh(example)
    assert (example.revision, example.status) == (2 if edited else 1, "approved")


def test_a_second_verdict_takes_the_place_of_the_first(factory: Factory, ana: Access, example: Example) -> None:
    service.annotate(factory.session, ana, example, NewAnnotation(revision=1, verdict="approve"))
    again = service.annotate(factory.session, ana, example, NewAnnotation(revision=1, verdict="reject"))
    assert factory.session.query(Annotation).count() == 1
    assert (example.status, again.before["status"]) == ("rejected", "approved")


def test_undo_restores_everything_and_hands_the_example_back(
    factory: Factory, project: Project, ana: Access, example: Example
) -> None:
    session = factory.session
    new = NewAnnotation(revision=1, verdict="approve", messages=EDITED, tags=["short"], behavior="answer")
    service.annotate(session, ana, example, new)
    newest = queries.latest(session, project.id, ana.user.id)
    assert newest
    held = service.undo(session, ana, newest)
    assert held
    assert held.example_id == example.id
    assert (example.status, example.revision, example.tags, example.behavior) == ("to_review", 3, [], None)
    assert examples.revision(session, example.id, 3).messages[-1]["content"] == "Answer 0."
    assert queries.latest(session, project.id, ana.user.id) is None
    assert audited(factory) == ["edit", "approve", "edit"]


def test_ten_decisions_can_be_undone_in_turn(factory: Factory, project: Project, ana: Access) -> None:
    session = factory.session
    ids = add_examples(factory, project, 10)
    for example_id in ids:
        found = examples.get(session, project.id, example_id)
        service.annotate(session, ana, found, NewAnnotation(revision=1, verdict="reject"))
    undone = []
    while (newest := queries.latest(session, project.id, ana.user.id)) is not None:
        undone.append(newest.example_id)
        service.undo(session, ana, newest)
    assert undone == ids[::-1]
    assert session.query(Example).filter_by(status="to_review").count() == 10
    assert audited(factory) == ["reject"] * 10 + ["undo"] * 10


def test_what_others_changed_since_is_not_undone(
    factory: Factory, project: Project, ana: Access, example: Example
) -> None:
    session = factory.session
    annotation = service.annotate(session, ana, example, NewAnnotation(revision=1, verdict="approve"))
    with pytest.raises(Forbidden):
        service.take_back(session, access_of(factory, project), annotation)
    example_service.set_status(session, None, example, "rejected")
    with pytest.raises(Conflict, match="has changed meanwhile"):
        service.take_back(session, ana, annotation)
    example_service.set_status(session, None, example, "approved")
    example_service.revise(session, None, example, 1, messages=EDITED)
    with pytest.raises(Conflict, match="revision 2"):
        service.take_back(session, ana, annotation)
