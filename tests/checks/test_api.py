"""Scans, findings and decisions over HTTP."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.checks.factories import MAIL, mail, scanned, settled
from tests.examples.factories import Api, add
from tests.factories import Factory


@pytest.fixture
def ready(api: Api, session: Session) -> Api:
    """A project with two addresses and one duplicate, looked at."""
    add(session, api.project, request=mail(1))
    add(session, api.project, request=mail(2), answer="Write to b.c@harborline.example then")
    add(session, api.project, request="Where is my invoice?")
    add(session, api.project, request="where is my invoice")
    scanned(session, api.project)
    return api


def test_a_scan_is_asked_for_watched_and_listed(api: Api, session: Session, run_jobs: Callable[[], None]) -> None:
    add(session, api.project, request=MAIL)
    settled(session)
    asked = api.post("/scans", {"full": True})
    assert asked.status_code == 202
    assert asked.json()["status"] == "queued"
    assert asked.json()["progress"] == {"done": 0, "total": 1}
    assert asked.json()["automatic"] is False
    run_jobs()
    scan = api.get(f"/scans/{asked.json()['id']}").json()
    assert (scan["status"], scan["progress"], scan["found"]) == ("succeeded", {"done": 1, "total": 1}, {"sensitive": 1})
    assert [one["id"] for one in api.get("/scans").json()["items"]] == [scan["id"]]
    events = api.get(f"/scans/{scan['id']}/events").text
    assert "event: progress" in events
    assert "event: end" in events
    assert api.post(f"/scans/{scan['id']}/cancel").status_code == 409
    assert api.get("/scans/nothing").status_code == 404


def test_a_queued_scan_is_cancelled(api: Api) -> None:
    scan = api.post("/scans").json()
    assert api.post(f"/scans/{scan['id']}/cancel").json()["status"] == "cancelled"


def test_findings_are_filtered_and_paged(ready: Api) -> None:
    found = ready.get("/findings?kind=sensitive&state=open&limit=2").json()
    assert len(found["items"]) == 2
    assert found["next_cursor"]
    rest = ready.get(f"/findings?kind=sensitive&state=open&limit=2&cursor={found['next_cursor']}").json()
    assert len(rest["items"]) == 1
    assert rest["next_cursor"] is None
    one = found["items"][0]
    assert (one["code"], one["state"], one["blocks_training"]) == ("email", "open", True)
    assert one["actions"] == ["mask", "remove", "approve"]
    assert MAIL[one["start"] : one["stop"]] == "ana.lopes@harborline.example"
    assert ready.get(f"/findings/{one['id']}").json() == one
    assert ready.get("/findings?kind=nonsense").status_code == 422
    assert ready.get("/findings?kinds=leak").status_code == 422
    assert ready.get(f"/findings?example_id={one['example_id']}").json()["items"] == [one]
    counts = ready.get("/findings/summary").json()["items"]
    assert {"kind": "sensitive", "code": "email", "state": "open", "findings": 3, "examples": 2} in counts
    listed = ready.get("/examples?finding=duplicate").json()["items"]
    assert len(listed) == 1


def test_a_decision_is_made_and_taken_back(ready: Api) -> None:
    one = ready.get("/findings?kind=sensitive").json()["items"][0]
    made = ready.post(f"/findings/{one['id']}/decision", {"action": "mask"})
    assert made.status_code == 201
    assert (made.json()["findings"], made.json()["examples"], made.json()["undone"]) == (1, 1, False)
    assert ready.get(f"/findings/{one['id']}").json()["state"] == "resolved"
    assert ready.post(f"/findings/{one['id']}/decision", {"action": "mask"}).status_code == 409
    undone = ready.post(f"/findings/changes/{made.json()['id']}/undo")
    assert undone.json()["undone"] is True
    assert ready.get(f"/findings/{one['id']}").json()["state"] == "open"
    assert ready.post(f"/findings/changes/{made.json()['id']}/undo").status_code == 409


def test_many_are_decided_by_a_filter(ready: Api) -> None:
    body = {"filter": {"kind": "sensitive"}, "action": "mask", "expected_count": 1}
    assert ready.post("/findings/bulk", body).status_code == 409
    made = ready.post("/findings/bulk", body | {"expected_count": 3})
    assert made.status_code == 200, made.text
    assert (made.json()["findings"], made.json()["examples"]) == (3, 2)
    assert ready.get("/findings?kind=sensitive&state=open").json()["items"] == []


def test_more_than_one_step_takes_goes_on(ready: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.checks.remedies.MAX_AT_ONCE", 2)
    body = {"filter": {"kind": "sensitive"}, "action": "mask", "expected_count": 3}
    first = ready.post("/findings/bulk", body).json()
    assert (first["findings"], first["left"]) == (2, 1)
    second = ready.post(f"/findings/changes/{first['id']}/continuation")
    assert (second.status_code, second.json()["findings"], second.json()["left"]) == (201, 1, 0)
    assert ready.post(f"/findings/changes/{second.json()['id']}/continuation").status_code == 409
    assert ready.post("/findings/changes/x/continuation").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "erase"}, "action"),
        ({"action": "approve", "expires_at": "tomorrow"}, "expires_at"),
        ({"action": "mask", "keep": "#12"}, "keep"),
        ({"action": "mask", "why": "x"}, "why"),
    ],
)
def test_bad_decisions_name_the_field(ready: Api, body: dict[str, str], field: str) -> None:
    one = ready.get("/findings?kind=sensitive").json()["items"][0]
    answer = ready.post(f"/findings/{one['id']}/decision", body)
    assert answer.status_code == 422
    assert field in str(answer.json()["errors"])


def test_who_may_do_what(ready: Api, client: TestClient, factory: Factory) -> None:
    one = ready.get("/findings?kind=sensitive").json()["items"][0]
    path = f"{ready.base}/findings/{one['id']}"
    approve = {"action": "approve", "reason": "Made up for the tests"}
    viewer = factory.bearer(factory.member(ready.project, "viewer"))
    assert client.get(path, headers=viewer).status_code == 200
    assert client.post(f"{path}/decision", json={"action": "mask"}, headers=viewer).status_code == 403
    assert client.post(f"{ready.base}/scans", headers=viewer).status_code == 403
    assert ready.post(f"/findings/{one['id']}/decision", approve).status_code == 403
    engineer = factory.bearer(factory.member(ready.project, "engineer"))
    assert client.post(f"{path}/decision", json=approve, headers=engineer).status_code == 201
    stranger = factory.bearer(factory.project().created_by and factory.user())
    assert client.get(path, headers=stranger).status_code == 404
