"""Fine-tunes over HTTP: launch, watch the stream, decide; and who may."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update
from starlette.datastructures import Headers
from starlette.requests import Request

from app.candidates.models import Baseline
from app.finetunes import service
from app.finetunes.models import FineTune, FineTuneEvent
from tests.doubles.fine_tuning import Script
from tests.factories import Factory
from tests.finetunes.conftest import Begin
from tests.finetunes.factories import Ready, ready
from tests.finetunes.test_launching import work


class Api:
    def __init__(self, client: TestClient, factory: Factory, at: Ready) -> None:
        self.client, self.headers = client, factory.bearer(at.user)
        self.url = f"/api/v1/projects/{at.project.slug}/fine-tunes"

    def get(self, path: str = "", **headers: str) -> Any:
        return self.client.get(self.url + path, headers=self.headers | headers)

    def post(self, path: str = "", body: Any = None, **headers: str) -> Any:
        return self.client.post(self.url + path, json=body, headers=self.headers | headers)


def stream(answer: Any) -> list[tuple[str, str, Any]]:
    """(id, event, data) of a whole event stream."""
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["id"], lines["event"], json.loads(lines["data"])))
    return found


def test_from_preflight_to_candidate(client: TestClient, factory: Factory, begin: Begin) -> None:
    at, tuning = begin()
    api = Api(client, factory, at)
    asked = api.post("/preflight", at.body())
    assert asked.status_code == 200
    assert asked.json()["blockers"] == []
    assert {w["key"] for w in asked.json()["warnings"]} == {
        "checklist",
        "size",
        "price_unknown",
        "semantic",
    }
    assert asked.json()["estimate"]["basis"]["tokens"].startswith("14 examples, 3 passes")
    launched = api.post(body=at.body())
    assert launched.status_code == 202, launched.text
    assert launched.json()["status"] == "queued"
    work(launched.json()["id"])
    done = api.get(f"/{launched.json()['id']}").json()
    assert done["status"] == "succeeded"
    assert done["progress"] == {"done": 4, "total": 4}
    assert done["provider_job_id"] in tuning.jobs
    candidate = client.get(f"/api/v1/projects/{at.project.slug}/candidates/{done['candidate_id']}", headers=api.headers)
    assert candidate.json()["fine_tune_id"] == done["id"]
    assert api.get().json()["items"][0]["id"] == done["id"]
    assert [line["data"]["step"] for line in api.get(f"/{done['id']}/log?limit=3").json()["items"]] == [1, 2, 3]
    assert api.get(f"/{done['id']}/log?limit=3").json()["next_cursor"]
    assert api.get(f"/{done['id']}/checkpoints").json()["items"][0]["step"] == 1


def test_the_stream_gives_every_point_once_and_goes_on_where_it_was(
    client: TestClient, factory: Factory, begin: Begin
) -> None:
    at, _tuning = begin()
    row = at.launch()
    work(row.id)
    api = Api(client, factory, at)
    events = stream(api.get(f"/{row.id}/events"))
    points = [data for _id, name, data in events if name == "point"]
    assert points == [{"step": s, "train_loss": 3.0 / s, "valid_loss": None} for s in (1, 2, 3, 4)]
    assert [name for _id, name, _data in events][-2:] == ["progress", "end"]
    assert events[-1][2]["candidate_id"]
    third = events[2][0]
    rest = stream(api.get(f"/{row.id}/events", **{"Last-Event-ID": third}))
    assert [data["step"] for _id, name, data in rest if name == "point"] == [4]
    last = stream(api.get(f"/{row.id}/events", **{"Last-Event-ID": events[-1][0]}))
    assert [name for _id, name, _data in last] == ["end"]


@pytest.mark.parametrize("last", ["", "x", "9" * 40, "1.x", "-1.-1", "٣.٣", "1.5.5"])
def test_a_hostile_position_starts_somewhere(client: TestClient, factory: Factory, begin: Begin, last: str) -> None:
    at, _tuning = begin()
    row = at.launch()
    at.session.execute(update(FineTune).values(status="failed"))
    at.session.commit()
    found = stream(Api(client, factory, at).get(f"/{row.id}/events?after={last}"))
    assert found[-1][1] == "end"


def test_a_stream_ends_with_the_access(factory: Factory, begin: Begin) -> None:
    from app.finetunes import stream as streams

    at, _tuning = begin()
    row = at.launch()
    headers = Headers(factory.bearer(at.user))
    asked = Request({"type": "http", "method": "GET", "path": "/api/v1/x", "headers": headers.raw})
    assert [e.name for e in streams.poll(asked, at.project.slug, row.id, None)] == ["progress"]
    at.session.execute(text("delete from members"))
    at.session.commit()
    assert [e.name for e in streams.poll(asked, at.project.slug, row.id, None)] == ["end"]


def test_blocked_is_409_with_the_reasons(client: TestClient, factory: Factory) -> None:
    at = ready(factory, "http://127.0.0.1:9/v1")
    at.session.query(Baseline).delete()
    at.session.commit()
    answer = Api(client, factory, at).post(body=at.body())
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Not launched. No baseline is chosen")
    assert at.session.query(FineTune).count() == 0
    jobs = at.session.execute(text("select count(*) from procrastinate_jobs where task_name = 'finetunes.run'"))
    assert jobs.scalar() == 0


def test_the_same_request_twice_is_one_launch(client: TestClient, factory: Factory) -> None:
    at = ready(factory, "http://127.0.0.1:9/v1")
    api = Api(client, factory, at)
    first, second = (api.post(body=at.body(), **{"Idempotency-Key": "once"}).json()["id"] for _ in range(2))
    assert first == second
    assert at.session.query(FineTune).count() == 1


def test_pause_resume_cancel_and_decide_need_their_moment(client: TestClient, factory: Factory) -> None:
    at = ready(factory, "http://127.0.0.1:9/v1", "local_engine")
    row = at.launch()
    api = Api(client, factory, at)
    assert api.post(f"/{row.id}/resume").status_code == 409
    assert api.post(f"/{row.id}/unknown-calls", {"action": "check"}).status_code == 409
    assert api.post(f"/{row.id}/pause").status_code == 202
    assert at.seen(row).requested == "pause"
    assert api.post(f"/{row.id}/resume").status_code == 202
    assert api.post(f"/{row.id}/cancel").json()["cancel_requested_at"]
    at.session.execute(update(FineTune).values(status="cancelled"))
    at.session.commit()
    assert api.post(f"/{row.id}/cancel").status_code == 409
    hosted = ready(factory, "http://127.0.0.1:8/v1")
    answer = Api(client, factory, hosted).post(f"/{hosted.launch().id}/pause")
    assert answer.status_code == 409
    assert "Only the local engine" in answer.json()["detail"]


def test_only_engineers_launch_and_only_members_see(client: TestClient, factory: Factory) -> None:
    at = ready(factory, "http://127.0.0.1:9/v1")
    row = at.launch()
    url = f"/api/v1/projects/{at.project.slug}/fine-tunes"
    viewer = factory.bearer(factory.member(at.project, "annotator"))
    assert client.get(f"{url}/{row.id}", headers=viewer).status_code == 200
    for path in ("", "/preflight", f"/{row.id}/cancel", f"/{row.id}/pause", f"/{row.id}/unknown-calls"):
        assert client.post(url + path, json=at.body(), headers=viewer).status_code == 403
    stranger = ready(factory, "http://127.0.0.1:8/v1")
    theirs = f"/api/v1/projects/{stranger.project.slug}/fine-tunes"
    for path in ("", "/events", "/log", "/checkpoints"):
        answer = client.get(f"{theirs}/{row.id}{path}", headers=factory.bearer(stranger.user))
        assert answer.status_code == 404
    assert client.get(f"{url}/nonsense", headers=viewer).status_code == 404


def test_what_a_provider_says_is_only_text(begin: Begin) -> None:
    """NUL, markup and numbers that are not numbers in events are stored as what can be stored."""
    from app.finetunes.answers import read_event, read_job
    from app.finetunes.curves.points import point

    event = read_event(
        {"type": "metrics", "message": "a\0b", "data": {"step": True, "k\0": float("nan"), "x": {"y": []}}}
    )
    assert (event.message, event.data) == ("a␀b", {"step": True, "k␀": None, "x": '{"y":[]}'})
    assert point({"step": "7"}) is None
    made = point({"step": 7, "train_loss": "low", "full_valid_loss": 0.5, "valid_loss": 1, "memory_bytes": 2**30})
    assert made is not None
    assert {key: value for key, value in made.items() if value is not None} == {
        "step": 7, "valid_loss": 0.5, "memory": 1.0,
    }  # fmt: skip
    job = read_job({"id": "j", "status": "succeeded", "fine_tuned_model": ["x"], "trained_tokens": -5})
    assert (job.fine_tuned_model, job.trained_tokens) == (None, None)
    at, _tuning = begin(Script(steps=1))
    row = at.launch()
    found = read_event({"message": "x\0", "data": {"a": "\0"}})
    values = {"fine_tune_id": row.id, "provider_event_id": "e", "at": found.at, "kind": found.kind, "level": "info"}
    at.session.add(FineTuneEvent(**values, message=found.message, data=found.data))
    at.session.commit()
    service.cancel(at.session, at.access, row)
