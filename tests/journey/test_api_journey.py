"""The whole journey by HTTP with a token: what the pages can do, the API can do."""

import json
import time
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.journey import data
from tests.journey.stack import Stack

pytestmark = pytest.mark.engine
TINY = "tiny-random-llama"
WAIT_SECONDS = 180


class Api:
    """One person at the API of one project."""

    def __init__(self, url: str, token: str, project: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30)
        self.project = f"/projects/{project}"

    def get(self, path: str, status: int = 200) -> Any:
        return self._checked(self.http.get(path if path.startswith("/p") else self.project + "/" + path), status)

    def post(self, path: str, body: Any = None, status: int = 201, **more: Any) -> Any:
        target = path if path.startswith("/") else f"{self.project}/{path}"
        return self._checked(self.http.post(target, json=body, **more), status)

    def put(self, path: str, body: Any) -> Any:
        return self._checked(self.http.put(f"{self.project}/{path}", json=body), 200)

    def _checked(self, answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, (str(answer.request.url), answer.status_code, answer.text[:2000])
        return answer.json() if answer.content else None

    def upload(self, path: str, content: bytes, name: str, status: int, **fields: str) -> Any:
        files = {"file": (name, content)}
        answer = self.http.post(f"{self.project}/{path}", files=files, data=fields)
        return self._checked(answer, status)

    def wait(self, path: str, *wanted: str) -> Any:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = self.get(path)
            if found["status"] in wanted:
                return found
            assert found["status"] in ("queued", "running"), found
            time.sleep(0.3)
        raise AssertionError(f"{path} did not end: {found}")


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, Api]:
    """An engineer who owns a project, and two annotators."""
    slug = "routing-api"
    found = {}
    for name in ("engineer@routing.example", "ana@routing.example", "ben@routing.example"):
        stack.holdout("user", "add", name, "--role", "annotator", "--project", "billing-support")
        token = stack.holdout("token", "create", "--email", name, "--name", "journey")
        found[name.split("@")[0]] = Api(stack.url, token, slug)
    body = {"name": "Routing", "slug": slug, "goal": "classification", "labels": list(data.LABELS)}
    found["engineer"].post("/projects", body)
    for name in ("ana", "ben"):
        found["engineer"].post("members", {"email": f"{name}@routing.example", "role": "annotator"})
    return found


def test_the_journey(people: dict[str, Api]) -> None:
    api = people["engineer"]
    imported(api)
    reviewed(api, people["ana"])
    test_set = sealed(api)
    refused_launch = api.post("fine-tunes/preflight", launch_body(api, version_id=None), status=422)
    assert refused_launch
    base = measured(api, test_set, candidate(api))
    version = frozen(api)
    tuned = measured(api, test_set, tune(api, version))
    compared(api, base, tuned, test_set)
    # the tiny random model never ends an answer by itself, and what is cut short is never shown to voters
    voted(api, people, [uploaded(api, test_set, name, tuned["id"]) for name in ("System A", "System B")])


def imported(api: Api) -> None:
    started = api.upload("imports", data.jsonl(), "tickets.jsonl", 202, format="auto")
    done = api.wait(f"imports/{started['id']}", "succeeded")
    assert (done["imported"], done["duplicates"], done["rejected_count"]) == (54, 1, 3)
    assert {r["line"] for r in done["rejected"]} == {11, 57, 58}
    preview = api.upload("imports/preview", data.csv_file(), "tickets.csv", 200, format="csv")
    assert [c["name"] if isinstance(c, dict) else c for c in preview["columns"]] == ["text", "team"]
    mapping = json.dumps(preview["mapping"] if "mapping" in preview else preview["suggested_mapping"])
    csv = api.upload("imports", data.csv_file(), "tickets.csv", 202, format="csv", mapping=mapping)
    assert api.wait(f"imports/{csv['id']}", "succeeded")["imported"] == 6


def reviewed(api: Api, ana: Api) -> None:
    handed = ana.post("reviews/next", {}, status=200)
    assert api.post("reviews/next", {}, status=200)["id"] != handed["id"]
    verdict = {"revision": handed["revision"], "verdict": "approve", "seconds": 2.5, "tags": ["checked"]}
    ana.post(f"examples/{handed['id']}/annotations", verdict)
    waiting = len(api.get("examples?status=to_review&limit=200")["items"])
    assert waiting == 59
    api.post(
        "examples/bulk",
        {"filter": {"status": "to_review"}, "action": "approve", "expected_count": waiting},
        status=200,
    )


def sealed(api: Api) -> str:
    made = api.post("test-sets", {"name": "Held out", "kind": "task", "fraction": 0.3, "seed": 7})
    sealed = api.post(f"test-sets/{made['id']}/seal", status=200)
    assert sealed["content_hash"]
    assert api.get(f"test-sets/{made['id']}")["size"] >= 15
    return str(made["id"])


def engine(api: Api) -> str:
    providers = api._checked(api.http.get("/providers"), 200)["items"]
    return str(next(p["id"] for p in providers if p.get("kind") == "local_engine" or "ngine" in p["name"]))


def candidate(api: Api) -> str:
    body = {
        "name": "Base",
        "provider_id": engine(api),
        "model": TINY,
        "parameters": {"temperature": 0, "max_tokens": 6},
    }
    made = api.post("candidates", body)
    api.put("baseline", {"candidate_id": made["id"]})
    return str(made["id"])


def measured(api: Api, test_set: str, candidate_id: str) -> Any:
    check = {"type": "string_check", "name": "label", "operation": "eq", "input": "{{sample.output_text}}"}
    graders = [check | {"reference": "{{item.expected.label}}"}, {"type": "behavior", "name": "behavior"}]
    graders.append({"type": "json_schema", "name": "format", "schema": {"type": "string"}})
    run = api.post("eval-runs", {"candidate_id": candidate_id, "test_set_id": test_set, "graders": graders}, status=202)
    done = api.wait(f"eval-runs/{run['id']}", "succeeded")
    keys = {metric["key"] for metric in done["metrics"]}
    assert {"task_accuracy", "refusal_correctness", "format_validity", "latency_p50_ms"} <= keys
    accuracy = next(metric for metric in done["metrics"] if metric["key"] == "task_accuracy")
    low, high = accuracy["interval"]
    assert 0 <= low <= accuracy["value"] <= high <= 1
    assert done["manifest"]["test_set"]["sha256"]
    outputs = api.get(f"eval-runs/{run['id']}/outputs?limit=200")["items"]
    assert len(outputs) == done["progress"]["total"]
    assert all(len(output["grades"]) == 3 for output in outputs)
    return done


def frozen(api: Api) -> str:
    version = api.post("dataset-versions", {"name": "First"})
    held_out = [e for e in version["excluded"] if "test" in e["reason"]]
    assert version["size"] + len(version["excluded"]) >= 60
    assert len(held_out) >= 15
    return str(version["id"])


def launch_body(api: Api, version_id: str | None) -> dict[str, Any]:
    body = {"provider_id": engine(api), "base_model": TINY, "method": "lora", "objective": "supervised"}
    return body | {"dataset_version_id": version_id, "hyperparameters": {"n_epochs": 1}}


def tune(api: Api, version_id: str) -> str:
    preflight = api.post("fine-tunes/preflight", launch_body(api, version_id), status=200)
    assert preflight["blockers"] == []
    launched = api.post("fine-tunes", launch_body(api, version_id), status=202)
    done = api.wait(f"fine-tunes/{launched['id']}", "succeeded")
    assert done["fine_tuned_model"].startswith("ft:")
    with api.http.stream("GET", f"{api.project}/fine-tunes/{launched['id']}/events") as stream:
        events = [line for line in stream.iter_lines() if line.startswith("data: ")]
    assert any('"train_loss"' in event for event in events)
    return str(done["candidate_id"])


def compared(api: Api, base: Any, tuned: Any, test_set: str) -> None:
    query = f"baseline={base['candidate_id']}&candidate={tuned['candidate_id']}&test_set={test_set}"
    found = api.get(f"comparisons?{query}")
    accuracy = next(metric for metric in found["metrics"] if metric["key"] == "task_accuracy")
    assert accuracy["n"] == base["progress"]["total"]
    assert accuracy["verdict"] in ("better", "worse", "no_difference_shown")
    assert "minimum_detectable_difference" in accuracy
    assert "items" in api.get(f"comparisons/cases?{query}&outcome=both_wrong")


def uploaded(api: Api, test_set: str, name: str, like_run: str) -> str:
    """Answers that another system gave to the same cases, graded like any other run."""
    cases = api.get(f"eval-runs/{like_run}/outputs?limit=200")["items"]
    own = sha256(name.encode()).hexdigest()[:8]  # not the name itself: such pairs are kept apart in a blind round
    lines = [{"case_id": case["case_id"], "output": f"{own} says {n}", "latency_ms": 5} for n, case in enumerate(cases)]
    graders = json.dumps([{"type": "behavior", "name": "behavior"}])
    fields = {"test_set_id": test_set, "candidate_name": name, "graders": graders}
    content = "\n".join(json.dumps(line) for line in lines).encode()
    answer = api.http.post(f"{api.project}/eval-runs", files={"outputs": ("outputs.jsonl", content)}, data=fields)
    run = api._checked(answer, 202)
    return str(api.wait(f"eval-runs/{run['id']}", "succeeded")["id"])


def voted(api: Api, people: dict[str, Api], run_ids: list[str]) -> None:
    emails = ["ana@routing.example", "ben@routing.example"]
    body = {"run_ids": run_ids, "votes_per_pair": 2, "reviewers": emails, "max_pairs": 6}
    opened = api.post("preference-rounds", body)
    base = f"preference-rounds/{opened['id']}"
    for name in ("ana", "ben"):
        people[name].get(f"eval-runs/{run_ids[0]}", status=404)
        while True:
            answer = people[name].http.post(f"{api.project}/{base}/next")
            if answer.status_code == 204:
                break
            people[name].post(f"{base}/votes", {"pair_id": answer.json()["pair_id"], "choice": "tie"})
    api.get(f"{base}/results", status=409)
    api.post(f"{base}/close", status=200)
    results = api.get(f"{base}/results")
    assert results["votes"] + 2 * results["identical_pairs"] >= 2 * min(6, results["votes"])
    assert results["win_rates"][0]["rate"]["value"] == 0.5
    assert "krippendorff_alpha" in results["agreement"]
