"""A thread per example: who may write, what stays, what is hidden."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.annotation.comments.mentioning import Named, mentioned
from app.projects.models import Project
from app.projects.notifications.models import Notification
from tests.annotation.factories import add_examples
from tests.factories import Factory


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def url(factory: Factory, project: Project) -> str:
    (example_id,) = add_examples(factory, project, 1)
    return f"/api/v1/projects/{project.slug}/examples/{example_id}/comments"


def texts(answer: Any) -> list[str]:
    return [one["text"] for one in answer.json()["items"]]


def test_a_thread_by_the_api(client: TestClient, factory: Factory, project: Project, url: str) -> None:
    ana = factory.bearer(factory.member(project, "annotator"))
    ben = factory.bearer(factory.member(project, "annotator"))
    first = client.post(url, json={"text": "Is this still our price?"}, headers=ana)
    assert (first.status_code, first.json()["revision"]) == (201, 1)
    client.post(url, json={"text": "No, since March."}, headers=ben)
    assert texts(client.get(url, headers=ana)) == ["Is this still our price?", "No, since March."]
    one = f"{url}/{first.json()['id']}"
    assert client.patch(one, json={"text": "Mine now"}, headers=ben).status_code == 403
    assert client.patch(one, json={"text": "Is this our price?"}, headers=ana).json()["edited_at"]
    assert client.delete(one, headers=ben).status_code == 403
    assert client.delete(one, headers=ana).status_code == 204
    assert texts(client.get(url, headers=ben)) == ["", "No, since March."]
    assert client.patch(one, json={"text": "again"}, headers=ana).status_code == 404


def test_viewers_read_and_admins_take_back(client: TestClient, factory: Factory, project: Project, url: str) -> None:
    ana = factory.bearer(factory.member(project, "annotator"))
    made = client.post(url, json={"text": "Rude."}, headers=ana).json()
    viewer = factory.bearer(factory.member(project, "viewer"))
    assert texts(client.get(url, headers=viewer)) == ["Rude."]
    assert client.post(url, json={"text": "x"}, headers=viewer).status_code == 403
    admin = factory.bearer(factory.member(project, "admin"))
    assert client.delete(f"{url}/{made['id']}", headers=admin).status_code == 204


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_what_is_no_comment_is_refused(
    client: TestClient, factory: Factory, project: Project, url: str, text: str
) -> None:
    ana = factory.bearer(factory.member(project, "annotator"))
    assert client.post(url, json={"text": text}, headers=ana).status_code == 422


def test_a_comment_of_another_example_is_not_here(
    client: TestClient, factory: Factory, project: Project, url: str
) -> None:
    ana = factory.bearer(factory.member(project, "annotator"))
    made = client.post(url, json={"text": "Here"}, headers=ana).json()
    (other,) = add_examples(factory, project, 1, first=7)
    elsewhere = url.split("/examples/")[0] + f"/examples/{other}/comments/{made['id']}"
    assert client.delete(elsewhere, headers=ana).status_code == 404


def test_the_page_escapes_and_answers_a_part(client: TestClient, factory: Factory, project: Project, url: str) -> None:
    factory.sign_in(client, factory.member(project, "annotator"))
    page = url.removeprefix("/api/v1/projects/")
    page = f"/p/{page}"
    plain = client.post(page, data={"text": "<b>bold</b>"})
    assert plain.status_code == 303
    part = client.get(page, headers={"hx-request": "true"}).text
    assert "&lt;b&gt;bold&lt;/b&gt;" in part
    assert "<html" not in part
    empty = client.post(page, data={"text": " "}, headers={"hx-request": "true"})
    assert empty.status_code == 422
    assert "error-summary" in empty.text


PEOPLE = [
    Named("1", "Ana", "ana@x.example"),
    Named("2", "Ana Lima", "lima@x.example"),
    Named("3", "Bo", "bo@x.example"),
]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Ana, is this right?", ["1"]),
        ("@ana lima and @BO's friend", ["2", "3"]),
        ("ask @lima@x.example", ["2"]),
        ("@Anabel, or bo@x.example, or a@Bo", []),
        ("(@Bo) @Bo", ["3"]),
        ("@", []),
    ],
)
def test_who_is_named(text: str, who: list[str]) -> None:
    assert mentioned(text, PEOPLE) == who


def test_whom_a_comment_names_is_told(
    client: TestClient, factory: Factory, project: Project, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.mail.configured", lambda: True)
    ana, ben = factory.member(project, "annotator"), factory.member(project, "annotator")
    ana.name, ben.name = "Ana Lima", "Ben"
    factory.session.commit()
    stranger = factory.user()
    said = {"text": f"@Ben, is this our price? @Ana Lima asks; @{stranger.email} need not know."}
    comment = client.post(url, json=said, headers=factory.bearer(ana)).json()
    named = f"/api/v1/projects/{project.slug}/mentions"
    (mention,) = client.get(named, headers=factory.bearer(ben)).json()["items"]
    assert (mention["by"], mention["comment_id"], mention["seen_at"]) == ("Ana Lima", comment["id"], None)
    assert client.get(named, headers=factory.bearer(ana)).json()["items"] == []
    (mail,) = factory.session.query(Notification).all()
    assert (mail.user_id, mail.event) == (ben.id, "comment.mention")
    assert "Ana Lima names you" in mail.payload["subject"]
    assert "our price" not in mail.payload["text"]
    client.patch(f"{url}/{comment['id']}", json={"text": "@Ben again"}, headers=factory.bearer(ana))
    assert factory.session.query(Notification).count() == 1


def test_a_mention_is_shown_until_its_thread_was_looked_at(
    client: TestClient, factory: Factory, project: Project, url: str
) -> None:
    ana, ben = factory.member(project, "annotator"), factory.member(project, "annotator")
    client.post(url, json={"text": f"@{ben.email} look"}, headers=factory.bearer(ana))
    factory.sign_in(client, ben)
    assert "/mentions" in client.get(f"/p/{project.slug}/assignments").text
    page = client.get(f"/p/{project.slug}/mentions").text
    assert "1 comment to look at." in page
    assert client.get(url.replace("/api/v1/projects", "/p")).status_code == 200
    assert "You have looked at all of them." in client.get(f"/p/{project.slug}/mentions").text
    assert "/mentions" not in client.get(f"/p/{project.slug}/assignments").text
