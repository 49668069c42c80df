"""A run of OpenAI's evals, brought along: its items make a sealed set, its output items the outputs of an eval run."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.examples.factories import Api, jsonl
from tests.factories import Factory

TOPICS = ("Markets", "Sports", "World", "Science")
GRADER = {
    "type": "string_check", "name": "right topic", "operation": "eq",
    "input": "{{sample.output_text}}", "reference": "{{item.ground_truth}}",
}  # fmt: skip
EVAL = {"object": "eval", "id": "eval_1", "testing_criteria": [GRADER], "data_source_config": {"type": "custom"}}
RUN = {"object": "eval.run", "id": "evalrun_1", "eval_id": "eval_1", "data_source": {"type": "completions"}}


def item(number: int) -> dict[str, Any]:
    return {"input": f"Headline number {number}", "ground_truth": TOPICS[number]}


def output_item(number: int, said: str | None, run: str = "evalrun_1", **sample: Any) -> dict[str, Any]:
    """As GET /evals/{id}/runs/{id}/output_items lists it."""
    return {
        "object": "eval.run.output_item", "id": f"outputitem_{run}_{number}", "run_id": run, "eval_id": "eval_1",
        "created_at": 1743092076, "status": "pass", "datasource_item_id": number, "datasource_item": item(number),
        "results": [{"name": "right topic", "sample": None, "passed": True, "score": 1.0}],
        "sample": {
            "input": [
                {"role": "developer", "content": "Name the topic."},
                {"role": "user", "content": f"Headline number {number}"},
            ],
            "output": [{"role": "assistant", "content": said}], "finish_reason": "stop", "model": "gpt-4o-mini",
            "usage": {"total_tokens": 48, "completion_tokens": 2, "prompt_tokens": 46, "cached_tokens": 0},
            "error": None, "temperature": 1.0, "max_completion_tokens": 2048, "top_p": 1.0, "seed": 42,
        } | sample,
    }  # fmt: skip


CUT = output_item(2, "Wor", finish_reason="length")
REFUSED = output_item(3, None, output=[], error={"code": "server_error", "message": "The model broke."})
FILE = (EVAL, RUN, output_item(0, "Markets"), output_item(1, "Weather"), CUT, REFUSED)


@pytest.fixture
def api(client: TestClient, factory: Factory) -> Api:
    return Api(client, factory)


@pytest.fixture
def sealed(api: Api, run_jobs: Callable[[], None]) -> str:
    """The data source's items, imported, drawn and sealed."""
    api.imported(run_jobs, jsonl(*({"item": item(number)} for number in range(4))))
    ids = [one["id"] for one in api.get("/examples").json()["items"]]
    made = api.post("/test-sets", {"name": "Topics", "kind": "task", "example_ids": ids}).json()
    assert api.post(f"/test-sets/{made['id']}/seal").status_code == 200
    return str(made["id"])


def upload(api: Api, sealed: str, content: bytes) -> Any:
    form = {"test_set_id": sealed, "graders": json.dumps([GRADER]), "candidate_name": "the other console's model"}
    files = {"outputs": ("output_items.jsonl", content)}
    return api.client.post(f"{api.base}/eval-runs", data=form, files=files, headers=api.headers)


LISTED = json.dumps({"object": "list", "data": FILE, "has_more": False}, indent=2).encode()


@pytest.mark.parametrize("content", [jsonl(*FILE), LISTED], ids=["lines", "as the API lists them"])
def test_a_run_of_the_other_console_becomes_an_eval_run(
    api: Api, sealed: str, run_jobs: Callable[[], None], content: bytes
) -> None:
    answer = upload(api, sealed, content)
    assert answer.status_code == 202, answer.text
    run_jobs()
    run = api.get(f"/eval-runs/{answer.json()['id']}").json()
    accuracy = next(one for one in run["metrics"] if one["key"] == "task_accuracy")
    assert (run["status"], run["failed"], accuracy["value"]) == ("succeeded", 2, pytest.approx(1 / 4))
    outputs = {one["text"]: one for one in api.get(f"/eval-runs/{run['id']}/outputs").json()["items"]}
    assert {text: one["status"] for text, one in outputs.items()} == {
        "Markets": "complete", "Weather": "complete", "Wor": "truncated", None: "failed",
    }  # fmt: skip
    assert outputs[None]["error"] == "server_error: The model broke."
    right = outputs["Markets"]
    assert (right["input_tokens"], right["output_tokens"]) == (46, 2)


def test_the_request_that_was_sent_finds_the_case_where_the_item_does_not(api: Api, sealed: str) -> None:
    """Another console's schema may have gained a field since; case and punctuation make no difference."""
    changed = output_item(0, "Markets") | {"datasource_item": item(0) | {"added": 1}}
    spelt = output_item(1, "Sports", input=[{"role": "user", "content": "headline NUMBER 1!"}])
    spelt["datasource_item"] = {"other": "fields"}
    bare = {"item": {"text": "Headline number 2", "more": True}, "sample": {"output_text": "World"}}
    assert upload(api, sealed, jsonl(changed, spelt, bare)).status_code == 202


def test_what_cannot_be_an_output_is_named_by_its_line(api: Api, sealed: str) -> None:
    second = output_item(0, "Sports", "evalrun_2")
    unknown = output_item(0, "x", input=[{"role": "user", "content": "Never asked"}]) | {"datasource_item": {"a": "b"}}
    never = output_item(1, "") | {"sample": {"model": "gpt-4o-mini"}}
    answer = upload(api, sealed, jsonl(output_item(0, "Markets"), second, unknown, never, b"{"))
    assert answer.status_code == 422
    errors = {one["loc"]: one["msg"] for one in answer.json()["errors"]}
    assert "line 2: a second output for one case, of the run evalrun_2: upload each run" in errors["outputs.2"]
    assert errors["outputs.3"] == "line 3: no case has this datasource_item, nor the request that was sent"
    assert errors["outputs.4"] == "line 4: a line needs output or tool_calls, or the error that came instead"
    assert errors["outputs.5"].startswith("line 5: is not JSON")
    assert upload(api, sealed, jsonl(EVAL, RUN)).json()["detail"] == "The file holds no output."
