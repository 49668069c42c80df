"""The review queue: one person at a time, each verdict once, everything undoable."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.annotation import queries, service
from app.annotation.forms import NewAnnotation
from app.core.db import transaction
from app.core.errors import Conflict
from app.examples import queries as examples
from app.examples.models import Example
from app.projects.access import Access
from tests.annotation.factories import add_examples
from tests.factories import Factory

CHAT = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]


def access_of(factory: Factory, project: object, role: str = "annotator") -> Access:
    return Access(factory.member(project, role), project, role)  # type: ignore[arg-type]


def test_threads_never_get_the_same_example(factory: Factory) -> None:
    project = factory.project()
    people = [access_of(factory, project) for _ in range(8)]
    add_examples(factory, project, 40)

    def work(access: Access) -> list[str]:
        mine = []
        while True:
            with transaction() as session:
                held = service.next_item(session, access)
                if held is None:
                    return mine
                example = examples.get(session, project.id, held.example_id)
                new = NewAnnotation(revision=example.revision, verdict="approve")
                service.annotate(session, access, example, new)
                mine.append(held.example_id)

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, people))
    flat = [example for mine in done for example in mine]
    assert len(flat) == len(set(flat)) == 40


def test_an_expired_reservation_goes_to_the_next_person(factory: Factory) -> None:
    project = factory.project()
    ana, ben = access_of(factory, project), access_of(factory, project)
    add_examples(factory, project, 1)
    session = factory.session
    held = service.next_item(session, ana)
    assert held is not None
    assert service.next_item(session, ana).id == held.id  # type: ignore[union-attr]
    assert service.next_item(session, ben) is None
    session.execute(text("update reservations set expires_at = clock_timestamp() - interval '1 second'"))
    taken = service.next_item(session, ben)
    assert taken is not None
    assert taken.user_id == ben.user.id
    example = examples.get(session, project.id, held.example_id)
    with pytest.raises(Conflict, match="Somebody else"):
        service.annotate(session, ana, example, NewAnnotation(revision=1, verdict="approve"))


def test_verdict_edit_tag_and_undo(factory: Factory) -> None:
    project = factory.project()
    ana = access_of(factory, project)
    (example_id,) = add_examples(factory, project, 1)
    session = factory.session
    example = examples.get(session, project.id, example_id)
    edited = [CHAT[0], {"role": "assistant", "content": "Hello there."}]
    new = NewAnnotation(
        revision=1, verdict="approve", messages=edited, tags=["short"], behavior="answer", client_token="t1"
    )
    annotation = service.annotate(session, ana, example, new)
    assert (example.status, example.revision, example.tags, example.behavior) == ("approved", 2, ["short"], "answer")
    assert service.annotate(session, ana, example, new).id == annotation.id
    restored = service.undo_last(session, ana)
    assert restored is not None
    session.refresh(example)
    assert (example.status, example.revision, example.tags, example.behavior) == ("to_review", 3, [], None)
    assert examples.revision(session, example_id, 3).messages[-1]["content"] == "Answer 0."
    with pytest.raises(Conflict, match="nothing to undo"):
        service.undo_last(session, ana)


def test_skipped_ones_come_back_last(factory: Factory) -> None:
    project = factory.project()
    ana = access_of(factory, project)
    first, second = add_examples(factory, project, 2)
    session = factory.session
    held = service.next_item(session, ana)
    assert held is not None
    service.skip(session, ana, held)
    following = service.next_item(session, ana)
    assert [held.example_id, following.example_id] == [first, second]  # type: ignore[union-attr]
    assert queries.tally(session, project.id, ana.user.id, service.queue_filter()).skipped == 1


def test_the_api_hands_out_annotates_and_takes_back(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    headers = factory.bearer(factory.member(project, "annotator"))
    add_examples(factory, project, 1)
    base = f"/api/v1/projects/{project.slug}"
    handed = client.post(f"{base}/reviews/next", json={}, headers=headers).json()
    assert handed["messages"][0]["role"] == "user"
    url = f"{base}/examples/{handed['id']}/annotations"
    stale = client.post(url, json={"revision": 7, "verdict": "approve"}, headers=headers)
    assert stale.status_code in (404, 409)
    made = client.post(url, json={"revision": 1, "verdict": "reject", "seconds": 3}, headers=headers)
    assert made.status_code == 201, made.text
    assert client.post(f"{base}/reviews/next", headers=headers).status_code == 204
    assert client.delete(f"{url}/{made.json()['id']}", headers=headers).status_code == 204
    assert client.post(f"{base}/reviews/next", headers=headers).json()["status"] == "to_review"


def test_the_page_decides_and_brings_the_next(client: TestClient, factory: Factory) -> None:
    project = factory.project(guideline="# Be *brief*")
    person = factory.member(project, "annotator")
    add_examples(factory, project, 2)
    page = factory.sign_in(client, person)
    shown = page.get(f"/p/{project.slug}/review").text
    assert "<em>brief</em>" in shown
    url = shown.split('id="decide" action="')[1].split('"')[0]
    token = shown.split('name="client_token" value="')[1].split('"')[0]
    form = {"revision": "1", "client_token": token, "verdict": "approve", "content_1": "Better.", "tags": "a, b"}
    answer = page.post(url, data=form, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert "Question 1?" in answer.text
    assert "<html" not in answer.text
    again = page.post(url, data=form, headers={"hx-request": "true"})
    assert "Question 1?" in again.text
    example = factory.session.query(Example).filter_by(status="approved").one()
    assert (example.answer, example.tags) == ("Better.", ["a", "b"])
    assert factory.session.execute(text("select count(*) from annotations")).scalar_one() == 1
    refused = page.post(
        answer.text.split('id="decide" action="')[1].split('"')[0],
        data={"revision": "1", "verdict": "approve", "content_1": "typed", "behavior": "dance"},
        headers={"hx-request": "true"},
    )
    assert refused.status_code == 422
    assert "typed" in refused.text
    assert page.post(f"/p/{project.slug}/review/undo").status_code == 303
