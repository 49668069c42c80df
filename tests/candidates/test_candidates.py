"""Candidates: made once, never changed; the baseline; what is sent to the model."""

import pytest
import sqlalchemy.exc
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.candidates.rules import cost, request_messages
from app.gateway.models import Provider
from tests.factories import Factory

CASE = [
    {"role": "system", "content": "own"},
    {"role": "user", "content": "first"},
    {"role": "user", "content": "hi $1"},
]


def provider(factory: Factory) -> str:
    row = Provider(name="Double", base_url="http://127.0.0.1:1/v1", models=[{"id": "small", "kind": None}])
    factory.session.add(row)
    factory.session.commit()
    return row.id


def test_what_is_sent() -> None:
    assert request_messages(CASE, None, None) == CASE
    assert request_messages(CASE, "", None) == CASE[1:]
    sent = request_messages(CASE, "mine", "Q: {{input}} {{other}}")
    assert sent[0] == {"role": "system", "content": "mine"}
    assert sent[-1]["content"] == "Q: hi $1 {{other}}"
    assert CASE[-1]["content"] == "hi $1"


def test_cost_is_per_million_and_unknown_without_a_price() -> None:
    assert cost({"input": 1.0, "output": 2.0}, 500_000, 250_000) == 1.0
    assert cost(None, 1, 1) is None
    assert cost({"input": 1.0, "output": 2.0}, None, 1) is None


def test_made_by_the_api_and_designated(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project, headers = factory.project(owner), factory.bearer(owner)
    base = f"/api/v1/projects/{project.slug}"
    body = {"name": "Base", "provider_id": provider(factory), "model": "small", "parameters": {"temperature": 0}}
    made = client.post(f"{base}/candidates", json=body, headers=headers)
    assert made.status_code == 201, made.text
    assert client.post(f"{base}/candidates", json=body, headers=headers).status_code == 409
    chosen = client.put(f"{base}/baseline", json={"candidate_id": made.json()["id"]}, headers=headers)
    assert chosen.json()["is_baseline"] is True
    assert client.get(f"{base}/candidates", headers=headers).json()["items"][0]["is_baseline"] is True
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="immutable"):
        factory.session.execute(text("update candidates set model = 'other'"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parameters", {"temperature": 9}),
        ("parameters", {"tools": 1}),
        ("parameters", {"seed": True}),
        ("prompt_template", "no input"),
        ("provider_id", "01a20afc-7b40-74f9-99da-faa9d6301750"),
        ("price", {"input": -1, "output": 1}),
    ],
)
def test_bad_fields_are_refused(client: TestClient, factory: Factory, field: str, value: object) -> None:
    owner = factory.user()
    project = factory.project(owner)
    body = {"name": "Base", "provider_id": provider(factory), "model": "small"} | {field: value}
    answer = client.post(f"/api/v1/projects/{project.slug}/candidates", json=body, headers=factory.bearer(owner))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"].startswith(field)


def test_pages_make_clone_and_keep_what_was_typed(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner)
    factory.sign_in(client, owner)
    url = f"/p/{project.slug}/candidates"
    assert "No candidate yet" in client.get(url).text
    typed = {"name": "Base", "provider_id": provider(factory), "model": "small", "keep_system": "false"}
    typed |= {"system_prompt": "Answer <b>briefly</b>", "temperature": "hot"}
    refused = client.post(url, data=typed)
    assert refused.status_code == 422
    assert "Answer &lt;b&gt;briefly&lt;/b&gt;" in refused.text
    made = client.post(url, data=typed | {"temperature": "0.5", "price_input": "1"})
    assert made.status_code == 303
    shown = client.get(made.headers["location"]).text
    assert "baseline" in shown
    assert "0.5" in shown
    clone = client.get(f"{url}/new?clone={made.headers['location'].rsplit('/', 1)[1]}").text
    assert "Base (edited)" in clone
    assert "Answer &lt;b&gt;briefly&lt;/b&gt;" in clone
