"""Projects, members and tokens by the API."""

from fastapi.testclient import TestClient

from tests.factories import Factory


def test_create_list_and_change_a_project(client: TestClient, factory: Factory) -> None:
    headers = factory.bearer(factory.user())
    body = {"name": "Tickets", "slug": "tickets", "goal": "classification", "labels": ["a", "b"]}
    made = client.post("/api/v1/projects", json=body, headers=headers)
    assert made.status_code == 201
    assert made.json()["labels"] == ["a", "b"]
    listed = client.get("/api/v1/projects", headers=headers).json()
    assert [p["slug"] for p in listed["items"]] == ["tickets"]
    assert listed["next_cursor"] is None
    changed = client.patch("/api/v1/projects/tickets", json={"name": "Billing"}, headers=headers)
    assert changed.json()["name"] == "Billing"
    assert changed.json()["goal"] == "classification"


def test_bad_fields_are_named(client: TestClient, factory: Factory) -> None:
    headers = factory.bearer(factory.user())
    answer = client.post("/api/v1/projects", json={"name": "x", "slug": "x", "goal": "vibes", "z": 1}, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["loc"] for error in answer.json()["errors"]} == {"goal", "z"}


def test_a_project_of_others_does_not_exist(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    stranger = factory.bearer(factory.user())
    theirs = client.get(f"/api/v1/projects/{project.slug}", headers=stranger)
    missing = client.get("/api/v1/projects/no-such", headers=stranger)
    assert (theirs.status_code, theirs.content) == (404, missing.content)


def test_roles_are_kept(client: TestClient, factory: Factory) -> None:
    project = factory.project()
    viewer = factory.bearer(factory.member(project, "viewer"))
    assert client.get(f"/api/v1/projects/{project.slug}", headers=viewer).status_code == 200
    assert client.patch(f"/api/v1/projects/{project.slug}", json={"name": "x"}, headers=viewer).status_code == 403


def test_a_limited_token_narrows_the_role(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project, other = factory.project(owner), factory.project(owner)
    limited = factory.bearer(owner, role="viewer", project_id=project.id)
    assert client.patch(f"/api/v1/projects/{project.slug}", json={"name": "x"}, headers=limited).status_code == 403
    assert client.get(f"/api/v1/projects/{other.slug}", headers=limited).status_code == 404
    assert client.post("/api/v1/tokens", json={"name": "more"}, headers=limited).status_code == 403


def test_members_come_and_go(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    headers, base = factory.bearer(owner), f"/api/v1/projects/{factory.project(owner).slug}/members"
    assert client.post(base, json={"email": "New@Example.com", "role": "annotator"}, headers=headers).status_code == 201
    assert [m["role"] for m in client.get(base, headers=headers).json()["items"]] == ["admin", "annotator"]
    gone = client.request("DELETE", base, json={"email": "new@example.com"}, headers=headers)
    assert gone.status_code == 204
    assert len(client.get(base, headers=headers).json()["items"]) == 1


def test_the_same_idempotency_key_answers_the_first_answer(client: TestClient, factory: Factory) -> None:
    headers = factory.bearer(factory.user()) | {"Idempotency-Key": "k1"}
    body = {"name": "Once", "slug": "once", "goal": "tone_style"}
    first = client.post("/api/v1/projects", json=body, headers=headers)
    again = client.post("/api/v1/projects", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = client.post("/api/v1/projects", json=body | {"slug": "two"}, headers=headers)
    assert other.status_code == 422
