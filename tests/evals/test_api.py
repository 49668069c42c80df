"""Runs and graders by the API, from the request to the metrics."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.ids import new_id
from app.evals import blind
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.factories import Factory


@pytest.fixture
def base(bench: Bench) -> str:
    return f"/api/v1/projects/{bench.project.slug}"


@pytest.fixture
def headers(bench: Bench, factory: Factory) -> dict[str, str]:
    return factory.bearer(bench.user)


def post_run(client: TestClient, bench: Bench, base: str, headers: dict[str, str], **fields: object) -> dict[str, Any]:
    body = {"candidate_id": bench.candidate.id, "graders": [LABEL]} | fields
    body.setdefault("test_set_id", bench.test_set(3).id)
    answer = client.post(f"{base}/eval-runs", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_a_run_from_request_to_metrics(client: TestClient, bench: Bench, base: str, headers: dict[str, str]) -> None:
    run = post_run(client, bench, base, headers)
    assert (run["status"], run["progress"], run["metrics"]) == ("queued", {"done": 0, "total": 3}, [])
    bench.work()
    run = client.get(f"{base}/eval-runs/{run['id']}", headers=headers).json()
    assert (run["status"], run["progress"]) == ("succeeded", {"done": 3, "total": 3})
    accuracy = next(m for m in run["metrics"] if m["key"] == "task_accuracy")
    assert (accuracy["value"], accuracy["n"]) == (1.0, 3)
    low, high = accuracy["interval"]
    assert 0 < low < high <= 1
    assert run["manifest"]["test_set"]["size"] == 3
    listed = client.get(f"{base}/eval-runs", headers=headers).json()
    assert [r["id"] for r in listed["items"]] == [run["id"]]


def test_outputs_carry_their_case_and_grades(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str]
) -> None:
    bench.double.script.answers = {"question 1.": "no"}
    run = post_run(client, bench, base, headers, test_set_id=bench.test_set(3, tags=["billing"]).id)
    bench.work()
    url = f"{base}/eval-runs/{run['id']}/outputs"
    first = client.get(f"{url}?limit=2&tag=billing", headers=headers).json()
    assert [o["messages"][0]["content"] for o in first["items"]] == ["question 0.", "question 1."]
    assert [g["passed"] for o in first["items"] for g in o["grades"]] == [True, False]
    rest = client.get(url, params={"limit": 2, "cursor": first["next_cursor"]}, headers=headers).json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    failed = client.get(f"{url}?outcome=failed", headers=headers).json()
    assert [o["text"] for o in failed["items"]] == ["no"]
    assert client.get(f"{url}?tag=other", headers=headers).json()["items"] == []
    assert client.get(f"{url}?cursor=x", headers=headers).status_code == 422
    assert client.get(f"{url}?outcome=x", headers=headers).status_code == 422


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"graders": []}, "graders"),
        ({"graders": ["nobody"]}, "graders.0"),
        ({"graders": [{"type": "python", "source": "x"}]}, "graders.0.type"),
        ({"graders": [LABEL, LABEL]}, "graders"),
        ({"concurrency": 0}, "concurrency"),
        ({"budget": -1}, "budget"),
        ({"status": "succeeded"}, "status"),
        ({"test_set_id": "no"}, "test_set_id"),
    ],
)
def test_bad_requests_are_named(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str], fields: dict[str, object], loc: str
) -> None:
    body = {"candidate_id": bench.candidate.id, "graders": [LABEL], "test_set_id": bench.test_set(1).id} | fields
    answer = client.post(f"{base}/eval-runs", json=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, loc)


def test_runs_of_others_do_not_exist(client: TestClient, bench: Bench, base: str, factory: Factory) -> None:
    run = bench.start(1)
    stranger = factory.user()
    theirs = factory.project(stranger)
    hers = factory.bearer(stranger)
    for path in ("", "/outputs", "/manifest", "/events"):
        assert client.get(f"{base}/eval-runs/{run.id}{path}", headers=hers).status_code == 404
        assert client.get(f"/api/v1/projects/{theirs.slug}/eval-runs/{run.id}{path}", headers=hers).status_code == 404
    body = {"candidate_id": bench.candidate.id, "test_set_id": run.test_set_id, "graders": [LABEL]}
    stolen = client.post(f"/api/v1/projects/{theirs.slug}/eval-runs", json=body, headers=hers)
    assert stolen.status_code == 404


def test_a_viewer_may_look_and_not_touch(client: TestClient, bench: Bench, base: str, factory: Factory) -> None:
    run = bench.run(1)
    viewer = factory.bearer(factory.member(bench.project, "viewer"))
    assert client.get(f"{base}/eval-runs/{run.id}", headers=viewer).status_code == 200
    for action in ("cancel", "resume", "retry", "unknown-calls", "grades"):
        answer = client.post(f"{base}/eval-runs/{run.id}/{action}", json={}, headers=viewer)
        assert answer.status_code == 403, action


def test_a_voter_of_an_open_round_sees_no_run(client: TestClient, bench: Bench, base: str, factory: Factory) -> None:
    run = bench.run(1)
    voter = factory.member(bench.project, "annotator")
    blind.blind(bench.session, new_id(), [run.id], [voter.id])
    bench.session.commit()
    hers = factory.bearer(voter)
    assert client.get(f"{base}/eval-runs/{run.id}", headers=hers).status_code == 404
    assert client.get(f"{base}/eval-runs", headers=hers).json()["items"] == []


def test_unknown_calls_wait_for_a_decision(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str]
) -> None:
    bench.double.script.faults = {"question 0.": ["cut"]}
    run = post_run(client, bench, base, headers)
    bench.work()
    url = f"{base}/eval-runs/{run['id']}"
    stopped = client.get(url, headers=headers).json()
    assert (stopped["status"], stopped["unknown_calls"]["count"]) == ("needs_decision", 1)
    assert client.post(f"{url}/unknown-calls", json={"action": "maybe"}, headers=headers).status_code == 422
    assert client.post(f"{url}/unknown-calls", json={"action": "resend"}, headers=headers).status_code == 202
    bench.work()
    assert client.get(url, headers=headers).json()["status"] == "succeeded"
    assert client.post(f"{url}/unknown-calls", json={"action": "accept"}, headers=headers).status_code == 409


def test_the_stream_tells_progress_and_ends(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str]
) -> None:
    run = bench.run(2)
    with client.stream("GET", f"{base}/eval-runs/{run.id}/events", headers=headers) as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert [(e["status"], e["done"]) for e in events] == [("succeeded", 2)] * 2


def test_outputs_made_elsewhere_are_graded(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str]
) -> None:
    test_set = bench.test_set(3)
    lines = [{"input": "question 0.", "output": "yes", "latency_ms": 5}, {"input": "question 1.", "output": "no"}]

    def upload(lines: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        files = {"outputs": ("o.jsonl", "\n".join(json.dumps(line) for line in lines))}
        data = {"test_set_id": test_set.id, "graders": json.dumps([LABEL]), "candidate_name": "another system"}
        answer = client.post(f"{base}/eval-runs", data=data, files=files, headers=headers)
        return answer.status_code, answer.json()

    status, run = upload(lines)
    assert status == 202, run
    bench.work()
    run = client.get(f"{base}/eval-runs/{run['id']}", headers=headers).json()
    accuracy = next(m for m in run["metrics"] if m["key"] == "task_accuracy")
    assert (run["status"], accuracy["value"], accuracy["n"]) == ("succeeded", pytest.approx(1 / 3), 3)
    assert bench.double.requests == []
    assert client.post(f"{base}/eval-runs/{run['id']}/resume", headers=headers).status_code == 409
    status, refused = upload([{"input": "who?", "output": "x"}])
    assert (status, refused["errors"][0]["loc"]) == (422, "outputs.1")


def test_calls_made_elsewhere_are_graded(client: TestClient, bench: Bench, base: str, headers: dict[str, str]) -> None:
    call = {"type": "function", "function": {"name": "refund", "arguments": '{"invoice": 1}'}}
    other = {"type": "function", "function": {"name": "refund", "arguments": '{"invoice": 2}'}}
    test_set = bench.test_set(3, expected={"tool_calls": [call]})
    lines = [
        {"input": "question 0.", "tool_calls": [call]},
        {"input": "question 1.", "tool_calls": [other], "output": "I refund it."},
        {"input": "question 2.", "output": "Done."},
    ]
    data = {"test_set_id": test_set.id, "graders": '[{"type": "tool_call"}]', "candidate_name": "another system"}

    def upload(lines: list[dict[str, Any]]) -> Any:
        files = {"outputs": ("o.jsonl", "\n".join(json.dumps(line) for line in lines))}
        return client.post(f"{base}/eval-runs", data=data, files=files, headers=headers)

    run = upload(lines).json()
    bench.work()
    outputs = client.get(f"{base}/eval-runs/{run['id']}/outputs", headers=headers).json()["items"]
    assert [one["grades"][0]["passed"] for one in outputs] == [True, False, False]
    assert "invoice is 2, expected 1" in outputs[1]["grades"][0]["reason"]
    assert upload([{"input": "question 0."}]).status_code == 422


def test_grading_again_asks_nobody(client: TestClient, bench: Bench, base: str, headers: dict[str, str]) -> None:
    run = bench.run(2)
    first = run.manifest_hash
    again = LABEL | {"operation": "ne"}
    answer = client.post(f"{base}/eval-runs/{run.id}/grades", json={"graders": [again]}, headers=headers)
    assert answer.status_code == 202
    bench.work()
    run = bench.fresh(run)
    assert next(m["value"] for m in run.metrics or [] if m["key"] == "task_accuracy") == 0.0
    assert run.manifest_hash != first
    assert len(bench.double.requests) == 2


def test_graders_are_saved_in_versions_and_tried(
    client: TestClient, bench: Bench, base: str, headers: dict[str, str]
) -> None:
    new = {"name": "right", "definition": {k: v for k, v in LABEL.items() if k != "name"}}
    first = client.post(f"{base}/graders", json=new, headers=headers)
    assert (first.status_code, first.json()["version"]) == (201, 1)
    second = client.post(f"{base}/graders", json=new, headers=headers).json()
    assert second["version"] == 2
    listed = client.get(f"{base}/graders", headers=headers).json()["items"]
    assert [(g["name"], g["version"]) for g in listed] == [("right", 2)]
    samples = {"samples": [{"item": {"expected": {"label": "yes"}}, "output": said} for said in ("yes", "no")]}
    tried = client.post(f"{base}/graders/{second['id']}/try", json=samples, headers=headers).json()
    assert [t["passed"] for t in tried] == [True, False]
    run = post_run(client, bench, base, headers, graders=["right"])
    assert run["graders"][0]["version"] == 2
