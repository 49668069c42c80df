"""Signing in by link and by password, and what must not work."""

import pytest
from fastapi.testclient import TestClient

from app.accounts import service
from app.accounts.access import COOKIE
from tests.factories import Factory

PASSWORD = "correct horse battery"


def test_a_link_signs_in_once(client: TestClient, factory: Factory) -> None:
    token = service.make_sign_in_link(factory.session, factory.user())
    factory.session.commit()
    assert client.get(f"/sign-in/{token}").status_code == 200
    first = client.post(f"/sign-in/{token}")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/account").status_code == 200
    client.cookies.clear()
    assert client.post(f"/sign-in/{token}").status_code == 404
    assert client.get("/account").status_code == 303


def test_password_and_sign_out(client: TestClient, factory: Factory) -> None:
    user = factory.user("ana@example.com")
    service.set_password(factory.session, user, PASSWORD)
    factory.session.commit()
    wrong = client.post("/sign-in", data={"email": "ana@example.com", "password": "wrong"})
    unknown = client.post("/sign-in", data={"email": "bob@example.com", "password": "wrong"})
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert "ana@example.com" in wrong.text
    right = client.post("/sign-in", data={"email": "Ana@example.com", "password": PASSWORD, "next": "/account"})
    assert right.headers["location"] == "/account"
    old = client.cookies[COOKIE]
    client.post("/sign-out")
    client.cookies.set(COOKIE, old)
    assert client.get("/account").status_code == 303


@pytest.mark.usefixtures("one_window")
def test_guessing_is_throttled(client: TestClient, factory: Factory) -> None:
    factory.user("ana@example.com")
    answers = [client.post("/sign-in", data={"email": "ana@example.com", "password": "x"}) for _ in range(11)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_no_open_redirect(client: TestClient, factory: Factory) -> None:
    user = factory.user("ana@example.com")
    service.set_password(factory.session, user, PASSWORD)
    factory.session.commit()
    for target in ("//evil.example", "/\\evil.example", "https:evil.example", "http://evil.example"):
        answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD, "next": target})
        assert answer.headers["location"] == "/"


def test_a_new_password_ends_other_sessions(client: TestClient, factory: Factory) -> None:
    user = factory.user()
    factory.sign_in(client, user)
    other = client.cookies[COOKIE]
    changed = client.post("/account/password", data={"password": PASSWORD})
    assert changed.status_code == 303
    assert client.get("/account").status_code == 200
    client.cookies.clear()
    client.cookies.set(COOKIE, other)
    assert client.get("/account").status_code == 303


def test_a_disabled_person_is_out(client: TestClient, factory: Factory) -> None:
    user = factory.user()
    factory.sign_in(client, user)
    user.disabled_at = user.created_at
    factory.session.commit()
    assert client.get("/account").status_code == 303


def test_tokens_are_shown_once_and_can_be_revoked(client: TestClient, factory: Factory) -> None:
    user = factory.user()
    factory.sign_in(client, user)
    made = client.post("/account/tokens", data={"name": "laptop"})
    secret = next(word for word in made.text.replace("<", " ").replace(">", " ").split() if word.startswith("hld_"))
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/me", headers=bearer).json()["email"] == user.email
    assert secret not in client.get("/account").text
    token_id = service.queries.tokens_of_user(factory.session, user.id)[0].id
    client.post(f"/account/tokens/{token_id}/revocation")
    assert client.get("/api/v1/me", headers=bearer).status_code == 401
