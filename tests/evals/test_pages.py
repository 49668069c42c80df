"""The pages of runs and graders: what they show, refuse and keep."""

import html
import json
import re

import pytest
from fastapi.testclient import TestClient

from app.evals import grader_pages
from app.evals.graders import GRADERS, parse_spec
from app.evals.models import RunView
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.factories import Factory

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def base(client: TestClient, bench: Bench, factory: Factory) -> str:
    factory.sign_in(client, bench.user)
    return f"/p/{bench.project.slug}"


def test_a_new_run_is_offered_graders_that_fit(client: TestClient, bench: Bench, base: str) -> None:
    assert "No test set is sealed" in client.get(f"{base}/runs/new").text
    test_set = bench.test_set(2, behavior="refuse")
    page = client.get(f"{base}/runs/new").text
    offered = [html.unescape(value) for value in re.findall(r'name="grader" value="([^"]*)" checked', page)]
    assert [json.loads(value)["type"] for value in offered] == ["string_check", "behavior"]
    assert "the output equals the expected label" in page
    form = {"candidate_id": bench.candidate.id, "test_set_id": test_set.id, "grader": offered}
    started = client.post(f"{base}/runs", data=form | {"concurrency": "4", "repeats": "1"})
    assert started.status_code == 303, started.text
    live = client.get(started.headers["location"]).text
    assert 'hx-trigger="every 1s"' in live
    bench.work()
    done = client.get(started.headers["location"]).text
    assert "every 1s" not in done
    assert "Task accuracy" in done


def test_another_set_offers_other_graders(client: TestClient, bench: Bench, base: str) -> None:
    bench.test_set(1)
    other = bench.test_set(1, expected={"text": "Hello"}, behavior="answer")
    bench.test_set(1)
    part = client.get(f"{base}/runs/new?test_set_id={other.id}", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "text_similarity" in part
    assert "string_check" not in part


def test_ticks_survive_a_refusal(client: TestClient, bench: Bench, base: str) -> None:
    test_set = bench.test_set(1, behavior="refuse")
    page = client.get(f"{base}/runs/new").text
    first = html.unescape(re.findall(r'name="grader" value="([^"]*)"', page)[0])
    form = {"candidate_id": bench.candidate.id, "test_set_id": test_set.id, "grader": [first], "repeats": "99"}
    refused = client.post(f"{base}/runs", data=form)
    assert refused.status_code == 422
    ticks = re.findall(r'name="grader" value="[^"]*"( checked)?', refused.text)
    assert ticks == [" checked", ""]


@pytest.mark.parametrize("graders", ["not json", "[]", '["nobody"]', '[{"type": "x"}]'])
def test_a_refused_form_keeps_what_was_typed(client: TestClient, bench: Bench, base: str, graders: str) -> None:
    form = {"candidate_id": bench.candidate.id, "test_set_id": bench.test_set(1).id, "graders": graders}
    answer = client.post(f"{base}/runs", data=form | {"budget": "12.5"})
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert 'value="12.5"' in answer.text


def test_the_standing_is_a_fragment_while_under_way(client: TestClient, bench: Bench, base: str) -> None:
    run = bench.start(2)
    url = f"{base}/runs/{run.id}/standing"
    live = client.get(url, headers={"hx-request": "true"})
    assert "<html" not in live.text
    assert "0 of 2" in live.text
    bench.work()
    assert client.get(url, headers={"hx-request": "true"}).headers["hx-refresh"] == "true"


def test_outputs_are_text_and_who_reads_them_is_remembered(client: TestClient, bench: Bench, base: str) -> None:
    bench.double.script.default = HOSTILE
    run = bench.run(1)
    listed = client.get(f"{base}/runs/{run.id}").text
    assert HOSTILE not in listed
    assert "&lt;script&gt;" in listed
    (output,) = bench.outputs(run)
    shown = client.get(f"{base}/runs/{run.id}/outputs/{output.id}").text
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert bench.session.query(RunView.user_id).scalar() == bench.user.id


def test_behaviours_stand_in_a_table(client: TestClient, bench: Bench, base: str) -> None:
    bench.double.script.answers = {"question 0.": "I can't help with that.", "question 1.": "The price is 5 dollars."}
    bench.double.script.faults = {"question 2.": ["500"]}
    run = bench.run(3, test_set=bench.test_set(3, behavior="refuse"), graders=[{"type": "behavior", "name": "b"}])
    page = client.get(f"{base}/runs/{run.id}").text
    assert "Expected against observed behaviour" in page
    assert "Under-refusal" in page
    assert "33.3 %" in page  # one of three that should have been refused was answered


def test_filters_live_in_the_address(client: TestClient, bench: Bench, base: str) -> None:
    bench.double.script.answers = {"question 1.": "no"}
    run = bench.run(2, test_set=bench.test_set(2, tags=["billing", "a&b"]))
    page = client.get(f"{base}/runs/{run.id}?outcome=failed&tag=a%26b").text
    assert "question 1." in page
    assert "question 0." not in page
    assert "tag=a%26b" in page
    assert "No output like this" in client.get(f"{base}/runs/{run.id}?tag=none").text


def test_unknown_calls_are_shown_with_both_ways_out(client: TestClient, bench: Bench, base: str) -> None:
    bench.double.script.faults = {"question 0.": ["reset"]}
    run = bench.run(2)
    page = client.get(f"{base}/runs/{run.id}").text
    assert "1 call may have reached the provider" in page
    url = f"{base}/runs/{run.id}/unknown-calls"
    assert client.post(url, data={"action": "accept"}).status_code == 303
    bench.work()
    assert "1 not complete" in client.get(f"{base}/runs/{run.id}").text


def test_grading_again_from_the_page(client: TestClient, bench: Bench, base: str) -> None:
    run = bench.run(1)
    url = f"{base}/runs/{run.id}/grades"
    refused = client.post(url, data={"graders": '["nobody"]'})
    assert refused.status_code == 422
    assert "no saved grader" in refused.text
    assert client.post(url, data={"graders": json.dumps([LABEL | {"operation": "ne"}])}).status_code == 303
    bench.work()
    assert next(m["value"] for m in bench.fresh(run).metrics or [] if m["key"] == "task_accuracy") == 0.0


def test_a_grader_is_saved_and_tried(client: TestClient, bench: Bench, base: str) -> None:
    assert "No saved grader" in client.get(f"{base}/graders").text
    definition = json.dumps({k: v for k, v in LABEL.items() if k != "name"})
    form = {"name": "right label", "definition": definition, "metric": "task_accuracy"}
    refused = client.post(f"{base}/graders", data=form | {"definition": '{"type": "python"}'})
    assert refused.status_code == 422
    assert "right label" in refused.text
    saved = client.post(f"{base}/graders", data=form).headers["location"]
    assert "right label" in client.get(f"{base}/graders").text
    item = json.dumps({"expected": {"label": "yes"}})
    good = client.post(f"{saved}/try", data={"item": item, "output": "yes"}, headers={"hx-request": "true"})
    assert "<html" not in good.text
    assert "pass" in good.text
    bad = client.post(f"{saved}/try", data={"item": "[", "output": "yes"})
    assert bad.status_code == 422
    assert "This is not JSON" in bad.text


@pytest.mark.parametrize("kind", list(GRADERS))
def test_every_type_begins_with_a_definition_that_works(kind: str) -> None:
    assert parse_spec({"type": kind, **grader_pages.EXAMPLES[kind]}).definition.type == kind


def test_a_viewer_sees_no_buttons(client: TestClient, bench: Bench, base: str, factory: Factory) -> None:
    run = bench.run(1)
    factory.sign_in(client, factory.member(bench.project, "viewer"))
    for path in (f"/runs/{run.id}", "/graders", "/runs"):
        page = client.get(base + path).text
        assert "Grade again" not in page
        assert "New grader" not in page
        assert "New run" not in page
    assert client.post(f"{base}/runs/{run.id}/grades", data={"graders": "[]"}).status_code == 403
