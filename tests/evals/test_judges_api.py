"""Judges over the API: ``multi`` over them, their calibration, and outputs that call no tool."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.evals.conftest import Bench
from tests.evals.judges.factories import judge_requests, labeller, scorer
from tests.factories import Factory

PRICE = {"input": 1.0, "output": 2.0}


@pytest.fixture
def api(client: TestClient, bench: Bench, factory: Factory) -> str:
    client.headers |= factory.bearer(bench.user)
    return f"/api/v1/projects/{bench.project.slug}"


def test_multi_over_judges(client: TestClient, bench: Bench, api: str) -> None:
    bench.double.script.answers = {"question 1.": "a good answer"}
    parts = {"rated": scorer(bench, price=PRICE), "tone": labeller(bench, price=PRICE)}
    multi = {
        "type": "multi",
        "name": "both",
        "graders": {name: {k: v for k, v in part.items() if k != "name"} for name, part in parts.items()},
        "calculate_output": "(rated + tone) / 2",
        "pass_threshold": 1,
    }
    body = {"candidate_id": bench.candidate.id, "test_set_id": bench.test_set(3).id, "graders": [multi]}
    started = client.post(f"{api}/eval-runs", json=body)
    assert started.status_code == 202, started.text
    bench.work()
    run = client.get(f"{api}/eval-runs/{started.json()['id']}").json()
    assert (run["status"], run["judge_total"], run["judge_done"], run["judge_failed"]) == ("succeeded", 6, 6, 0)
    assert len(judge_requests(bench)) == 6
    assert run["judge_cost"] > 0
    outputs = client.get(f"{api}/eval-runs/{run['id']}/outputs").json()["items"]
    given = {output["text"]: output["grades"][0] for output in outputs}
    good, bad = given["a good answer"], given["yes"]
    assert (good["passed"], bad["passed"]) == (True, False)
    assert good["detail"]["graders"].keys() == {"rated", "tone"}
    assert good["detail"]["judge"].count(",") == 1, "both judges stand in the grade"


def test_calibration_from_the_draw_to_the_last_mark(client: TestClient, bench: Bench, api: str) -> None:
    bench.double.script.answers = {f"question {n}.": "a good answer" for n in range(0, 6, 2)}
    run = bench.run(6, graders=[scorer(bench)])
    wanted = {"run_id": run.id, "grader": "judge", "size": 6, "rubric_share": 0}
    drawn = client.post(f"{api}/calibration", json=wanted)
    assert drawn.status_code == 201, drawn.text
    sample = drawn.json()
    assert (sample["size"], sample["can_gate"], sample["kappa"]) == (6, False, None)
    here = f"{api}/calibration/{sample['id']}"
    marked = 0
    while (answer := client.post(f"{here}/next")).status_code == 200:
        one: dict[str, Any] = answer.json()
        assert "steady" not in answer.text, "what the judge says must not be shown"
        choice = one["choices"][0] if "good" in one["output"] else one["choices"][1]
        mark = {"output_id": one["output_id"], "choice": choice, "seconds": 3}
        assert client.post(f"{here}/marks", json=mark).status_code == 204
        marked += 1
    assert (answer.status_code, marked) == (204, 6)
    told = client.get(here).json()
    assert told["n"] == 6
    assert told["kappa"] == 1.0
    assert [one["id"] for one in client.get(f"{api}/calibration").json()["items"]] == [sample["id"]]
    assert client.post(f"{api}/calibration", json=wanted | {"grader": "nobody"}).status_code == 422
    assert client.get(f"{api}/calibration/{run.id}").status_code == 404


@pytest.mark.parametrize(
    ("called", "passed"), [([], True), ([{"function": {"name": "refund", "arguments": "{}"}}], False)]
)
def test_an_uploaded_output_that_calls_no_tool(
    client: TestClient, bench: Bench, api: str, called: list[Any], passed: bool
) -> None:
    """No call is expected: an empty list is an answer, and the right one."""
    test_set = bench.test_set(1, expected={"tool_calls": []})
    line = json.dumps({"input": "question 0.", "output": "No tool is needed.", "tool_calls": called})
    form = {"test_set_id": test_set.id, "candidate_name": "other", "graders": '[{"type": "tool_call"}]'}
    answer = client.post(f"{api}/eval-runs", data=form, files={"outputs": ("o.jsonl", line)})
    assert answer.status_code == 202, answer.text
    bench.work()
    outputs = client.get(f"{api}/eval-runs/{answer.json()['id']}/outputs").json()["items"]
    assert outputs[0]["tool_calls"] == called
    assert [grade["passed"] for grade in outputs[0]["grades"]] == [passed]
