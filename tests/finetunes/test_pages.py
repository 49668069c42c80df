"""The pages: nothing typed is lost, the button says why it rests, the run page follows the work."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.candidates.models import Baseline
from app.finetunes.models import FineTune
from tests.doubles.fine_tuning import Script
from tests.factories import Factory
from tests.finetunes.conftest import Begin
from tests.finetunes.factories import Ready, ready
from tests.finetunes.test_launching import work

HTMX = {"hx-request": "true"}


@pytest.fixture
def at(factory: Factory, client: TestClient) -> Ready:
    found = ready(factory, "http://127.0.0.1:9/v1", "local_engine")
    factory.sign_in(client, found.user)
    return found


def url(at: Ready) -> str:
    return f"/p/{at.project.slug}/fine-tunes"


def launch_button(html: str) -> str:
    found = re.search(r"<button[^>]*>\s*<span>Launch</span>", html)
    assert found
    return found.group(0)


def test_the_page_proposes_what_the_baseline_is(client: TestClient, at: Ready) -> None:
    assert "Nothing is tuned yet" in client.get(url(at)).text
    page = client.get(f"{url(at)}/new").text
    assert 'value="tiny-random-llama"' in page
    assert 'value="lora" checked' in page
    assert "None of the 14 examples is held out" in page
    assert "your own machine" in page
    assert 'value="ft:old"' not in page  # a tuned model is no base
    assert " disabled" not in launch_button(page)
    assert "It cannot be launched yet" not in page


def test_the_preflight_follows_what_is_chosen(client: TestClient, at: Ready) -> None:
    at.session.query(Baseline).delete()
    at.session.commit()
    part = client.get(f"{url(at)}/new", headers=HTMX).text
    assert "<html" not in part
    assert " disabled" in launch_button(part)
    assert "No baseline is chosen" in part
    lifted = client.get(f"{url(at)}/new", params={"override_reason": "A rehearsal"}, headers=HTMX).text
    assert " disabled" not in launch_button(lifted)
    assert "overridden" in lifted
    wrong = client.get(f"{url(at)}/new", params={"objective": "dpo"}, headers=HTMX).text
    assert "DPO trains on pairs of answers" in wrong
    assert " disabled" in launch_button(wrong)
    typed = client.get(f"{url(at)}/new", params={"hyperparameters.n_epochs": "many"}, headers=HTMX).text
    assert "N epochs: Input should be a valid integer" in typed
    hostile = client.get(f"{url(at)}/new", params={"base_model": "<script>"}, headers=HTMX).text
    assert "<script>" not in hostile


def test_a_refusal_keeps_everything_typed(client: TestClient, at: Ready) -> None:
    typed = at.body() | {
        "hyperparameters.n_epochs": "0",
        "hyperparameters.adapter.r": "8",
        "override_reason": "because <b>",
        "form_token": "kept-token",
    }
    answer = client.post(url(at), data=typed)
    assert answer.status_code == 422
    assert 'href="#f-hyperparameters.n_epochs"' in answer.text
    assert 'id="f-hyperparameters.n_epochs"' in answer.text
    assert "because &lt;b&gt;" in answer.text
    assert 'value="kept-token"' in answer.text
    assert re.search(r'value="8"[^>]*id="f-hyperparameters.adapter.r"', answer.text)
    at.session.query(Baseline).delete()
    at.session.commit()
    blocked = client.post(url(at), data=at.body() | {"budget": "3"})
    assert blocked.status_code == 422
    assert "Not launched. No baseline is chosen" in blocked.text
    assert re.search(r'value="3"[^>]*id="f-budget"', blocked.text)


def test_a_form_sent_twice_launches_once(client: TestClient, at: Ready) -> None:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(f"{url(at)}/new").text)
    assert token
    typed = at.body() | {"form_token": token.group(1), "hyperparameters.adapter.r": "8"}
    first, second = (client.post(url(at), data=typed) for _ in range(2))
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    (row,) = at.session.query(FineTune).all()
    assert row.hyperparameters == {"adapter": {"r": 8}}
    page = client.get(first.headers["location"]).text
    assert "Being launched." in page
    assert "hx-sse:connect" in page
    again = client.get(f"{url(at)}/new?from={row.id}").text
    assert re.search(r'value="8"[^>]*id="f-hyperparameters.adapter.r"', again)
    assert "is training the same version on the same base right now" in again


def test_the_page_of_one_that_was_trained(client: TestClient, factory: Factory, begin: Begin) -> None:
    at, _tuning = begin()
    row = at.launch()
    factory.sign_in(client, at.user)
    page_url = f"{url(at)}/{row.id}"
    assert "Cancel" in client.get(page_url, headers=HTMX).text
    work(row.id)
    page = client.get(page_url).text
    assert "Trained, and a candidate now." in page
    assert "Learning: training loss fell from 2.25 to 0.88." in page
    assert f"/runs/new?candidate={at.seen(row).candidate_id}" in page
    assert row.export_sha256 in page
    assert "hx-sse:connect" not in page
    assert ":ckpt-1" in client.get(f"{page_url}?part=checkpoints", headers=HTMX).text
    assert "3.0000" in page  # the curve's table
    listed = client.get(url(at)).text
    assert "Tuned v1 · api" in listed
    assert "4 of 4" in listed


@pytest.mark.parametrize("action", ["check", "accept"])
def test_a_decision_is_asked_for_in_words(client: TestClient, factory: Factory, begin: Begin, action: str) -> None:
    at, _tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["500"]}))
    row = at.launch()
    work(row.id)
    factory.sign_in(client, at.user)
    page = client.get(f"{url(at)}/{row.id}").text
    assert "A person has to decide." in page
    assert "probably none was made" in page
    assert "Create it now" in page
    assert client.post(f"{url(at)}/{row.id}/unknown-calls", data={"action": action}).status_code == 303
    assert at.seen(row).status == {"check": "queued", "accept": "failed"}[action]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"status": "failed", "error": "line 2 <b>"}, "line 2 &lt;b&gt;"),
        ({"status": "cancelled"}, "Nothing was made of it."),
        ({"status": "paused"}, "It goes on from its last checkpoint"),
        ({"status": "running", "step": 3, "total_steps": 9}, "3 of 9 steps"),
        ({"status": "queued", "provider_job_id": "j", "provider_status": "validating_files"}, "checks the file"),
        ({"status": "running", "error": "No connection."}, "No connection."),
    ],
)
def test_every_state_says_what_it_is(client: TestClient, at: Ready, values: dict[str, Any], says: str) -> None:
    row = at.launch()
    at.session.execute(update(FineTune).values(**values))
    at.session.commit()
    page = client.get(f"{url(at)}/{row.id}")
    assert page.status_code == 200
    assert says in page.text


def test_a_viewer_sees_but_cannot_act(client: TestClient, factory: Factory, at: Ready) -> None:
    row = at.launch()
    factory.sign_in(client, factory.member(at.project, "viewer"))
    page = client.get(f"{url(at)}/{row.id}").text
    assert "/cancelling" not in page
    assert "Launch again" not in page
    assert client.get(f"{url(at)}/new").status_code == 403
    for verb in ("cancelling", "pausing", "resuming", "unknown-calls"):
        assert client.post(f"{url(at)}/{row.id}/{verb}").status_code == 403


def test_without_a_version_the_page_says_what_to_do(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner)
    factory.sign_in(client, owner)
    assert "No version is frozen yet" in client.get(f"/p/{project.slug}/fine-tunes/new").text
