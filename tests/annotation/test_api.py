"""The queue by HTTP."""

import pytest
from fastapi.testclient import TestClient

from app.projects.models import Project
from tests.annotation.factories import add_examples
from tests.factories import Factory

Headers = dict[str, str]


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project()


@pytest.fixture
def base(project: Project) -> str:
    return f"/api/v1/projects/{project.slug}"


@pytest.fixture
def ana(factory: Factory, project: Project) -> Headers:
    return factory.bearer(factory.member(project, "annotator"))


@pytest.fixture
def ben(factory: Factory, project: Project) -> Headers:
    return factory.bearer(factory.member(project, "annotator"))


def test_next_annotate_take_back(
    client: TestClient, factory: Factory, project: Project, base: str, ana: Headers
) -> None:
    add_examples(factory, project, 1)
    handed = client.post(f"{base}/reviews/next", json={}, headers=ana).json()
    assert handed["messages"][0] == {"role": "user", "content": "Question 0?"}
    assert {"id", "revision", "reservation_id", "expires_at", "status", "tags", "behavior"} <= set(handed)
    url = f"{base}/examples/{handed['id']}/annotations"
    body = {"revision": 1, "verdict": "reject", "seconds": 3, "note": "no", "client_token": "t"}
    made = client.post(url, json=body, headers=ana)
    assert made.status_code == 201
    assert client.post(url, json=body, headers=ana).json() == made.json()
    assert client.post(f"{base}/reviews/next", headers=ana).status_code == 204
    (listed,) = client.get(url, headers=ana).json()["items"]
    assert listed == made.json()
    assert client.delete(f"{url}/{made.json()['id']}", headers=ana).status_code == 204
    assert client.delete(f"{url}/{made.json()['id']}", headers=ana).status_code == 404
    assert client.post(f"{base}/reviews/next", headers=ana).json()["status"] == "to_review"


def test_skip_filter_and_nobody_shares(
    client: TestClient, factory: Factory, project: Project, base: str, ana: Headers, ben: Headers
) -> None:
    first, second = add_examples(factory, project, 2)
    mine = client.post(f"{base}/reviews/next", headers=ana).json()
    theirs = client.post(f"{base}/reviews/next", headers=ben).json()
    assert [mine["id"], theirs["id"]] == [first, second]
    url = f"{base}/reviews/{mine['reservation_id']}/skip"
    assert client.post(url, headers=ben).status_code == 404
    assert client.post(url, headers=ana).status_code == 204
    wanted = {"filter": {"status": "approved"}}
    assert client.post(f"{base}/reviews/next", json=wanted, headers=ana).status_code == 204
    busy = client.post(f"{base}/examples/{second}/annotations", json={"revision": 1, "verdict": "approve"}, headers=ana)
    assert (busy.status_code, "Somebody else" in busy.json()["detail"]) == (409, True)


def test_a_stale_revision_is_409(
    client: TestClient, factory: Factory, project: Project, base: str, ana: Headers
) -> None:
    (example_id,) = add_examples(factory, project, 1)
    url = f"{base}/examples/{example_id}/annotations"
    edited = [{"role": "user", "content": "Question 0?"}, {"role": "assistant", "content": "Other."}]
    first = client.post(url, json={"revision": 1, "verdict": "approve", "messages": edited}, headers=ana)
    assert (first.status_code, first.json()["revision"]) == (201, 2)
    assert client.post(url, json={"revision": 1, "verdict": "reject"}, headers=ana).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"revision": 1, "verdict": "maybe"},
        {"revision": 0, "verdict": "approve"},
        {"revision": 1, "verdict": "approve", "seconds": -1},
        {"revision": 1, "verdict": "approve", "behavior": "dance"},
        {"revision": 1, "verdict": "approve", "messages": []},
        {"revision": 1, "verdict": "approve", "note": "\x00"},
        {"revision": 1, "verdict": "approve", "split": "test"},
        {"verdict": "approve"},
    ],
)
def test_bad_input_is_refused(
    client: TestClient, factory: Factory, project: Project, base: str, ana: Headers, body: dict[str, object]
) -> None:
    (example_id,) = add_examples(factory, project, 1)
    assert client.post(f"{base}/examples/{example_id}/annotations", json=body, headers=ana).status_code == 422


def test_others_are_kept_out(
    client: TestClient, factory: Factory, project: Project, base: str, ana: Headers, ben: Headers
) -> None:
    (example_id,) = add_examples(factory, project, 1)
    viewer = factory.bearer(factory.member(project, "viewer"))
    stranger = factory.bearer(factory.user())
    url, body = f"{base}/examples/{example_id}/annotations", {"revision": 1, "verdict": "approve"}
    assert client.post(url, json=body, headers=viewer).status_code == 403
    assert client.post(f"{base}/reviews/next", headers=viewer).status_code == 403
    assert client.post(url, json=body, headers=stranger).status_code == 404
    assert client.get(url, headers=stranger).status_code == 404
    made = client.post(url, json=body, headers=ana).json()
    assert client.delete(f"{url}/{made['id']}", headers=ben).status_code == 403
