"""The page where disagreements are settled, as a browser without scripts posts it; the queue of what was skipped."""

import re

import pytest
from fastapi.testclient import TestClient

from app.annotation import service
from app.annotation.forms import NewAnnotation
from app.annotation.models import Annotation, Skip
from app.examples.models import Example
from app.projects.access import Access
from app.projects.models import Project
from tests.annotation.factories import access_of, add_examples
from tests.annotation.test_page import form_of
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(overlap=2)


@pytest.fixture
def disputed(factory: Factory, project: Project) -> list[Example]:
    """Two examples, of each of which one person says yes and another no."""
    found = [factory.session.get_one(Example, one) for one in add_examples(factory, project, 2)]
    for verdict in ("approve", "reject"):
        access = access_of(factory, project)
        for example in found:
            say(factory, access, example, verdict)
    return found


def say(factory: Factory, access: Access, example: Example, verdict: str) -> None:
    new = NewAnnotation.model_validate({"revision": 1, "verdict": verdict})
    service.annotate(factory.session, access, example, new)
    factory.session.commit()


def status(factory: Factory, example: Example) -> str:
    factory.session.expire_all()
    return factory.session.get_one(Example, example.id).status


def sides(page: str) -> list[str]:
    """The opinions that may be taken over, in the order of the page."""
    return re.findall(r'name="annotation_id" value="([^"]+)"', page)


def test_decided_as_one_of_them_said_and_taken_back(
    client: TestClient, factory: Factory, project: Project, disputed: list[Example]
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    address = f"/p/{project.slug}/review/settle"
    page = client.get(address).text
    assert "Question 0?" in page
    assert "They differ on the verdict." in page
    assert "2 to settle" in page
    url, form = form_of(page)
    answer = client.post(url, data=form | {"annotation_id": sides(page)[1]})
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert status(factory, disputed[0]) == "rejected"
    assert client.post(url, data=form | {"annotation_id": sides(page)[1]}).status_code == 303  # a double click
    after = client.get(address).text
    assert "Question 1?" in after
    assert "1 to settle" in after
    undo = re.search(r'action="([^"]+/undo/[0-9a-f-]{36})"', after)
    assert undo
    assert client.post(undo[1]).status_code == 303
    assert status(factory, disputed[0]) == "to_review"
    assert factory.session.query(Annotation).filter_by(settles=True).count() == 0
    assert "2 to settle" in client.get(address).text


def test_decided_otherwise_and_what_is_wrong_is_said(
    client: TestClient, factory: Factory, project: Project, disputed: list[Example]
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    url, form = form_of(client.get(f"/p/{project.slug}/review/settle").text)
    refused = client.post(url, data=form | {"verdict": "approve", "content_1": " "})
    assert refused.status_code == 422
    assert 'href="#f-content_1"' in refused.text
    assert client.post(url, data=form | {"verdict": "approve", "content_1": "Better."}).status_code == 303
    assert status(factory, disputed[0]) == "approved"
    assert factory.session.get_one(Example, disputed[0].id).answer == "Better."


def test_skipped_it_comes_back_after_the_others(
    client: TestClient, factory: Factory, project: Project, disputed: list[Example]
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    address = f"/p/{project.slug}/review/settle"
    page = client.get(address).text
    skip = form_of(page)[0].replace("/decision", "/skip")
    assert f'action="{skip}"' in page
    assert client.post(skip).status_code == 303
    second = client.get(address).text
    assert "Question 1?" in second
    url, form = form_of(second)
    client.post(url, data=form | {"annotation_id": sides(second)[0]})
    assert [status(factory, one) for one in disputed] == ["to_review", "approved"]
    assert "Question 0?" in client.get(address).text


def test_one_that_was_settled_meanwhile_makes_way(
    client: TestClient, factory: Factory, project: Project, disputed: list[Example]
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    page = client.get(f"/p/{project.slug}/review/settle").text
    url, form = form_of(page)
    client.post(url.replace("/decision", "/skip"))  # the place is given back
    answer = client.post(url, data=form | {"annotation_id": sides(page)[0]})
    assert answer.status_code == 409
    assert "Your time with that one ran out." in answer.text
    assert "Question 1?" in answer.text
    assert status(factory, disputed[0]) == "to_review"


def test_an_annotator_may_not_settle(
    client: TestClient, factory: Factory, project: Project, disputed: list[Example]
) -> None:
    factory.sign_in(client, factory.member(project, "engineer"))
    url, form = form_of(client.get(f"/p/{project.slug}/review/settle").text)
    factory.sign_in(client, factory.member(project, "annotator"))
    assert client.get(f"/p/{project.slug}/review/settle").status_code == 403
    assert client.post(url, data=form | {"verdict": "approve"}).status_code == 403
    assert status(factory, disputed[0]) == "to_review"


def test_the_skipped_have_a_queue_of_their_own(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    ids = add_examples(factory, project, 3)
    factory.sign_in(client, factory.member(project, "annotator"))
    home = f"/p/{project.slug}/review"
    for number in range(2):
        page = client.get(home).text
        assert f"Question {number}?" in page
        client.post(form_of(page)[0].replace("/decision", "/skip"))
    skipped = client.get(f"{home}?queue=skipped").text
    assert "Question 0?" in skipped  # the one that was passed over first
    assert re.search(r'queue=skipped" aria-current="page">Skipped <span class="count">2<', skipped)
    url, form = form_of(skipped)
    answer = client.post(url, data=form | {"verdict": "approve"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home}?queue=skipped")
    assert "Question 1?" in client.get(answer.headers["location"]).text
    factory.session.expire_all()
    found = [factory.session.get_one(Example, one).status for one in ids]
    assert found == ["approved", "to_review", "to_review"]
    assert [one.example_id for one in factory.session.query(Skip)] == [ids[1]]
