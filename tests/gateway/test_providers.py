"""Providers by API and pages: keys go in and never come out, checks run in the worker."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.settings import get_settings
from app.gateway import service
from app.gateway.models import Provider
from tests.doubles.provider import Double, running
from tests.factories import Factory

KEY = "sk-canary-0123456789"


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        yield double


@pytest.fixture
def admin(factory: Factory) -> User:
    return factory.user(is_instance_admin=True)


def register(client: TestClient, headers: dict[str, str], double: Double, **fields: object) -> dict[str, str]:
    body = {"name": "Double", "base_url": double.base_url, "api_key": KEY} | fields
    answer = client.post("/api/v1/providers", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert KEY not in answer.text
    return answer.json()


def test_a_registered_provider_is_checked_by_the_worker(
    client: TestClient, factory: Factory, admin: User, double: Double, run_jobs: Callable[[], None]
) -> None:
    headers = factory.bearer(admin)
    made = register(client, headers, double)
    assert (made["status"], made["key_last4"]) == ("queued", "6789")
    assert double.requests == []  # the web itself calls nothing
    run_jobs()
    shown = client.get(f"/api/v1/providers/{made['id']}", headers=headers)
    assert (shown.json()["status"], shown.json()["error"]) == ("succeeded", None)
    models = client.get(f"/api/v1/providers/{made['id']}/models", headers=headers).json()
    assert [model["id"] for model in models["items"]] == ["large", "small"]
    assert double.requests[0]["headers"]["authorization"] == f"Bearer {KEY}"
    assert KEY not in shown.text


def test_the_providers_own_error_is_shown_without_the_key(
    client: TestClient, factory: Factory, admin: User, double: Double, run_jobs: Callable[[], None]
) -> None:
    headers = factory.bearer(admin)
    double.script.faults = {"/models": ["401", "html"]}
    made = register(client, headers, double)
    run_jobs()
    shown = client.get(f"/api/v1/providers/{made['id']}", headers=headers)
    assert shown.json()["status"] == "failed"
    assert "scripted 401 for key …6789" in shown.json()["error"]
    assert client.post(f"/api/v1/providers/{made['id']}/check", headers=headers).status_code == 202
    run_jobs()
    assert "not with a list of models" in client.get(f"/api/v1/providers/{made['id']}", headers=headers).text


def test_a_new_address_needs_the_key_again(
    client: TestClient, factory: Factory, admin: User, double: Double, run_jobs: Callable[[], None]
) -> None:
    """Attack 8: point the provider at a listener of one's own and ask for a check."""
    headers = factory.bearer(admin)
    with running() as listener:
        made = register(client, headers, double)
        url = f"/api/v1/providers/{made['id']}"
        refused = client.patch(url, json={"base_url": listener.base_url}, headers=headers)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["loc"] == "api_key"
        client.post(f"{url}/check", headers=headers)
        run_jobs()
        assert listener.requests == []
        moved = client.patch(url, json={"base_url": listener.base_url, "api_key": "another-long-key"}, headers=headers)
        assert moved.status_code == 200
        run_jobs()
        assert {r["headers"]["authorization"] for r in listener.requests} == {"Bearer another-long-key"}


def test_an_address_changed_behind_our_back_gets_no_key(
    client: TestClient, factory: Factory, admin: User, double: Double, session: Session, run_jobs: Callable[[], None]
) -> None:
    headers = factory.bearer(admin)
    with running() as listener:
        made = register(client, headers, double)
        session.execute(text("update providers set base_url = :url"), {"url": listener.base_url})
        session.commit()
        run_jobs()
        assert listener.requests == []
        shown = client.get(f"/api/v1/providers/{made['id']}", headers=headers).json()
        assert (shown["status"], "Enter the key again" in shown["error"]) == ("failed", True)


def test_no_answer_and_no_row_holds_the_key(
    client: TestClient, factory: Factory, admin: User, double: Double, session: Session, run_jobs: Callable[[], None]
) -> None:
    headers = factory.bearer(admin)
    double.script.faults = {"/models": ["401"]}
    made = register(client, headers, double)
    run_jobs()
    factory.sign_in(client, admin)
    for path in ("/providers", f"/providers/{made['id']}", f"/providers/{made['id']}/edit", "/api/v1/providers"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        assert KEY not in answer.text, path
    tables = session.execute(text("select table_name from information_schema.tables where table_schema = 'public'"))
    for name in tables.scalars().all():
        dump = session.execute(text(f'select t::text from "{name}" t')).scalars().all()
        assert not any(KEY in row or KEY.encode().hex() in row for row in dump), name


def test_engineers_see_names_and_models_and_others_nothing(
    client: TestClient, factory: Factory, admin: User, double: Double
) -> None:
    register(client, factory.bearer(admin), double)
    project = factory.project()
    engineer, viewer = factory.member(project, "engineer"), factory.member(project, "viewer")
    seen = client.get("/api/v1/providers", headers=factory.bearer(engineer))
    assert [set(item) for item in seen.json()["items"]] == [{"id", "name", "kind", "models"}]
    assert client.get("/api/v1/providers", headers=factory.bearer(viewer)).status_code == 403
    assert client.get("/api/v1/providers", headers=factory.bearer(admin, role="viewer")).status_code == 403
    new = {"name": "x", "base_url": "http://127.0.0.1:1/v1"}
    assert client.post("/api/v1/providers", json=new, headers=factory.bearer(engineer)).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "http://169.254.169.254/v1"),
        ("base_url", "file:///etc/passwd"),
        ("api_key", "two words"),
        ("max_concurrency", 0),
        ("kind", "ray"),
        ("name", ""),
    ],
)
def test_bad_fields_are_named(
    client: TestClient, factory: Factory, admin: User, double: Double, field: str, value: object
) -> None:
    body = {"name": "x", "base_url": double.base_url, field: value}
    answer = client.post("/api/v1/providers", json=body, headers=factory.bearer(admin))
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [field]


def test_disabling_forgets_the_key(
    client: TestClient, factory: Factory, admin: User, double: Double, session: Session
) -> None:
    headers = factory.bearer(admin)
    made = register(client, headers, double)
    assert client.delete(f"/api/v1/providers/{made['id']}", headers=headers).status_code == 204
    assert client.get(f"/api/v1/providers/{made['id']}", headers=headers).status_code == 404
    assert client.get("/api/v1/providers", headers=headers).json()["items"] == []
    row = session.get(Provider, made["id"])
    assert row is not None
    assert row.key_ciphertext is None


def test_the_pages_add_change_and_refuse(client: TestClient, factory: Factory, admin: User, double: Double) -> None:
    factory.sign_in(client, admin)
    form = {"name": "Ours", "base_url": "http://127.1/v1", "api_key": KEY, "max_concurrency": "4"}
    refused = client.post("/providers", data=form)
    assert refused.status_code == 422
    assert "This address cannot be called" in refused.text
    assert "http://127.1/v1" in refused.text
    assert KEY not in refused.text
    made = client.post("/providers", data=form | {"base_url": double.base_url})
    assert made.status_code == 303
    page = client.get(made.headers["location"])
    assert "Ours" in page.text
    assert "ends in 6789" in page.text
    assert 'hx-trigger="every 1s"' in page.text  # a check is under way
    moved = client.post(made.headers["location"], data={"base_url": "http://127.0.0.1:9/v1"})
    assert moved.status_code == 422
    assert "Enter the key again" in moved.text
    assert client.post(made.headers["location"], data={"name": "Renamed"}).status_code == 303
    assert "Renamed" in client.get("/providers").text


def test_another_engine_keeps_its_address_when_the_own_one_is_seeded(
    client: TestClient, factory: Factory, admin: User, session: Session
) -> None:
    body = {"name": "GPU machine", "base_url": "http://127.0.0.1:9/v1", "kind": "local_engine"}
    made = client.post("/api/v1/providers", json=body, headers=factory.bearer(admin)).json()
    assert made["kind"] == "local_engine"
    service.seed(session)
    session.commit()
    session.expire_all()
    found = session.scalars(select(Provider).where(Provider.kind == "local_engine").order_by(Provider.name)).all()
    assert (found[0].name, found[0].base_url) == ("GPU machine", "http://127.0.0.1:9/v1")
    assert [p.name for p in found] == ["GPU machine", "Local engine"]
    moved = {"base_url": "http://127.0.0.1:10/v1"}
    there = f"/api/v1/providers/{made['id']}"
    assert client.patch(there, json=moved, headers=factory.bearer(admin)).status_code == 200


def test_seeding_twice_makes_each_once(
    session: Session, monkeypatch: pytest.MonkeyPatch, run_jobs: Callable[[], None]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HOLDOUT_ENGINE_PORT", "9")
    get_settings.cache_clear()
    for _ in range(2):
        service.seed(session)
        session.commit()
    rows = session.scalars(select(Provider).order_by(Provider.name)).all()
    assert [(p.name, p.kind, p.base_url, p.key_last4) for p in rows] == [
        ("Local engine", "local_engine", "http://127.0.0.1:9/v1", None),
        ("OpenAI", "openai", "https://api.openai.com/v1", "6789"),
    ]
    session.execute(text("update providers set base_url = 'http://127.0.0.1:9/v1' where kind = 'openai'"))
    session.commit()
    run_jobs()  # the engine is not there yet: its check is put off, not given up
    waiting = session.execute(text("select count(*) from procrastinate_jobs where status = 'todo'")).scalar()
    assert waiting == 1


def test_only_a_machine_of_ones_own_has_an_hourly_rate(client: TestClient, factory: Factory, admin: User) -> None:
    headers = factory.bearer(admin)
    body = {"name": "GPU", "base_url": "http://127.0.0.1:9/v1", "kind": "local_engine", "hourly_rate": 2.5}
    made = client.post("/api/v1/providers", json=body, headers=headers).json()
    assert made["hourly_rate"] == 2.5
    factory.sign_in(client, admin)
    page = f"/providers/{made['id']}"
    assert "$2.50" in client.get(page).text
    assert client.post(page, data={"name": "GPU", "hourly_rate": ""}).status_code == 303
    assert "counts as free" in client.get(page).text
    refused = client.post("/api/v1/providers", json=body | {"name": "Other", "kind": "openai"}, headers=headers)
    assert refused.status_code == 422
    assert "hourly_rate" in refused.text
