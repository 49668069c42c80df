"""The first batch: asked for, answered by the worker, shown with what carries loss, and counted with."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.finetunes import preflight
from app.finetunes.forms import NewFineTune
from app.finetunes.preview import asking, service
from app.finetunes.preview.forms import NewPreview
from app.finetunes.preview.models import LaunchPreview
from app.gateway.failures import CallFailed, Failure
from tests.factories import Factory
from tests.finetunes.factories import BASE, Ready, ready
from tests.finetunes.test_material import pairs

NOWHERE = "http://127.0.0.1:9/v1"
HTMX = {"hx-request": "true"}
ANSWER = {
    "base": {
        "parameters": 134_515_008, "linear_parameters": 106_168_320, "hidden_size": 576, "intermediate_size": 1536,
        "layers": 30, "heads": 9, "kv_heads": 3, "vocabulary": 49_152,
    },
    "machine": {"device": "cpu", "memory_bytes": 2_000_000_000, "gpus": []},
    "counts": {"rows": 14, "usable": 13, "total_tokens": 500, "trained_tokens": 50, "longest_row": 60},
    "problems": [{"row": 3, "message": "9,120 tokens long; the model reads 8,192"}],
    "rows": [
        {"row": 1, "side": "answer", "total_tokens": 4, "trained_tokens": 2, "tokens": [
            {"text": "<|im_start|>", "trained": False}, {"text": "<b>Hi", "trained": False},
            {"text": "ye", "trained": True}, {"text": "s\x00", "trained": True}]},
    ],
}  # fmt: skip


def wanted(at: Ready, **changes: Any) -> dict[str, Any]:
    return {"provider_id": at.provider.id, "base_model": BASE, "dataset_version_id": at.version.id} | changes


def answered(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[dict[str, Any]]:
    """The engine's answer, or what goes wrong; the bodies that it was asked with."""
    bodies = []

    async def ask(connection: object, body: dict[str, Any]) -> dict[str, Any]:
        bodies.append(body)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    monkeypatch.setattr(asking, "_ask", ask)
    return bodies


def asked(at: Ready, **changes: Any) -> LaunchPreview:
    row = service.begin(at.session, at.access, NewPreview(**wanted(at, **changes)))
    at.session.commit()
    asyncio.run(asking.run_preview(row.id))
    at.session.refresh(row)
    return row


def test_the_engine_is_asked_and_the_page_shows_what_carries_loss(
    client: TestClient, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = answered(monkeypatch, ANSWER)
    at = ready(factory, NOWHERE, "local_engine")
    factory.sign_in(client, at.user)
    url = f"/p/{at.project.slug}/fine-tunes/previews"
    form = wanted(at) | {"method": "lora", "override_reason": "other fields of the form come too"}
    waiting = client.post(url, data=form, headers=HTMX)
    assert "hx-trigger" in waiting.text
    row = at.session.query(LaunchPreview).one()
    asyncio.run(asking.run_preview(row.id))
    (body,) = bodies
    assert (body["model"], len(body["rows"]), body["method"]) == (BASE, 14, {"type": "supervised"})
    shown = client.get(f"{url}/{row.id}", headers=HTMX)
    assert shown.headers["HX-Trigger"] == "previewed"
    assert "&lt;|im_start|&gt;&lt;b&gt;Hi" in shown.text
    assert '<mark title="carries loss">yes' in shown.text
    assert "500 tokens, and 50 of them carry loss (10%)" in shown.text
    assert "Row 3: 9,120 tokens long" in shown.text
    page = client.get(f"{url}/{row.id}")
    assert "Back to the launch" in page.text
    assert client.post(url, data=wanted(at)).status_code == 303


def test_what_it_counted_is_what_the_estimate_says(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, ANSWER)
    at = ready(factory, NOWHERE, "local_engine")
    plain = preflight.check(at.session, at.project, NewFineTune(**at.body()))
    assert plain.estimate.memory_room is None
    asked(at)
    found = preflight.check(at.session, at.project, NewFineTune(**at.body(hyperparameters={"n_epochs": 2})))
    assert (found.estimate.tokens, found.estimate.trained_tokens, found.estimate.longest) == (1000, 100, 60)
    assert found.estimate.memory_room == 2_000_000_000
    assert found.estimate.memory is not None
    assert plain.estimate.memory is not None
    assert found.estimate.memory > plain.estimate.memory  # the real shape, not that of the tiny model
    told = {one.key: one.sentence for one in found.warnings}
    assert "1 row cannot be trained on" in told["too_long"]
    small = preflight.check(at.session, at.project, NewFineTune(**at.body(method="full")))
    assert "Take QLoRA" in {one.key: one.sentence for one in small.warnings}["memory"]


def test_the_engines_own_words_are_shown(client: TestClient, factory: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, CallFailed(Failure("rejected", "No model 'x' here.")))
    at = ready(factory, NOWHERE, "local_engine")
    row = asked(at)
    assert (row.status, row.error) == ("failed", "No model 'x' here.")
    asyncio.run(asking.run_preview(row.id))  # it has ended: nothing is asked again
    api = client.get(
        f"/api/v1/projects/{at.project.slug}/fine-tunes/previews/{row.id}", headers=factory.bearer(at.user)
    )
    assert api.json()["error"] == "No model 'x' here."


def test_a_hosted_provider_shows_the_text(client: TestClient, factory: Factory) -> None:
    at = ready(factory, NOWHERE)
    pairs(at, 2)
    answer = client.post(
        f"/api/v1/projects/{at.project.slug}/fine-tunes/previews",
        json=wanted(at, objective="dpo"),
        headers=factory.bearer(at.user),
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "succeeded"
    rows = answer.json()["result"]["rows"]
    assert [row["side"] for row in rows] == ["preferred", "non_preferred"] * 2
    assert [part["text"] for part in rows[1]["tokens"] if part["trained"]] == ["worse\n"]


def test_what_cannot_be_shown_is_said(client: TestClient, factory: Factory) -> None:
    at = ready(factory, NOWHERE, "local_engine")
    factory.sign_in(client, at.user)
    url = f"/p/{at.project.slug}/fine-tunes/previews"
    part = client.post(url, data=wanted(at, objective="dpo"), headers=HTMX)
    assert part.status_code == 422
    assert "DPO trains on pairs" in part.text
    assert "<html" not in part.text
    whole = client.post(url, data=wanted(at, provider_id="nonsense") | {"budget": "7"})
    assert whole.status_code == 422
    assert 'value="7"' in whole.text


def test_of_another_project_there_is_none(client: TestClient, factory: Factory) -> None:
    at, other = ready(factory, NOWHERE), ready(factory, "http://127.0.0.1:8/v1")
    row = service.begin(at.session, at.access, NewPreview(**wanted(at)))
    at.session.commit()
    answer = client.get(
        f"/api/v1/projects/{other.project.slug}/fine-tunes/previews/{row.id}", headers=factory.bearer(other.user)
    )
    assert answer.status_code == 404
