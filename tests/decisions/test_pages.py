"""The ship page and the gates, without JavaScript."""

import html

import pytest
from fastapi.testclient import TestClient

from tests.decisions.factories import ACCURACY, REFUSALS, Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    found = Desk(client, factory)
    factory.sign_in(client, found.owner)
    return found


def get(desk: Desk, path: str = "/decide", status: int = 200) -> str:
    answer = desk.client.get(f"/p/{desk.project.slug}{path}")
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def post(desk: Desk, path: str, status: int, **data: str) -> str:
    answer = desk.client.post(f"/p/{desk.project.slug}/decide/{path}", data=data)
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def test_before_anything_is_measured_it_says_what_to_do(desk: Desk) -> None:
    page = get(desk)
    assert "Choose a baseline first" in page
    assert "Set the gates" in page


def test_the_first_line_is_the_conclusion(desk: Desk) -> None:
    desk.set_gates(ACCURACY, REFUSALS)
    desk.measure(refused=(range(90), range(64)))
    page = get(desk)
    heading = page.split("<h1>")[1].split("</h1>")[0]
    assert heading == "Don't ship: Tuned"
    assert "Does not hold: “Refusal correctness not worse by more than 3 points”." in page
    assert "The whole interval violates it." in page
    assert f"holdout gate {desk.project.slug} --candidate Tuned --baseline Base --test-set 'Held out' --json" in page


def test_suggested_gates_are_marked_and_cannot_be_signed(desk: Desk) -> None:
    desk.measure()
    page = get(desk)
    assert "Nobody has set the project's gates" in page
    assert "Sign this decision" not in page


def test_late_gates_are_marked(desk: Desk) -> None:
    desk.measure()
    desk.end_runs_now()
    desk.set_gates(ACCURACY)
    page = get(desk)
    assert "One gate was set when results were known already" in page
    assert f"Set in version 1, after run {desk.tuned_run.number} had ended." in page


def test_gates_by_the_form(desk: Desk) -> None:
    assert "Nothing is set yet" in get(desk, "/decide/gates")
    fields = {
        "rule.task_accuracy": "not_worse", "value.task_accuracy": "2", "rule.latency_p95_ms": "at_most",
        "value.latency_p95_ms": "900", "volume": "5000", "note": "as agreed", "based_on": "0",
    }  # fmt: skip
    post(desk, "gates", 303, **fields)
    found = desk.client.get(f"{desk.api}/gates", headers=desk.headers).json()
    assert found["gates"] == [
        {"metric": "task_accuracy", "rule": "not_worse", "value": 0.02},
        {"metric": "latency_p95_ms", "rule": "at_most", "value": 900.0},
    ]
    assert (found["volume"], found["note"]) == (5000, "as agreed")
    page = get(desk, "/decide/gates")
    assert 'value="900"' in page
    assert "Task accuracy not worse by more than 2 points" in page


def test_a_refused_form_keeps_what_was_typed(desk: Desk) -> None:
    page = post(desk, "gates", 422, **{"rule.task_accuracy": "better", "value.task_accuracy": "much", "note": "hm"})
    assert "Write a number." in page
    assert 'value="much"' in page
    assert ">\nhm</textarea>" in page
    assert "Set at least one gate" in post(desk, "gates", 422, note="none")


def test_signing_by_the_form(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    fields = {"baseline": desk.base.id, "candidate": desk.tuned.id, "test_set": desk.test_set.id}
    fields |= {"evidence_hash": desk.verdict()["evidence_hash"], "note": ""}
    page = post(desk, "sign-offs", 422, **fields, decision="dont_ship")
    assert "give your reason" in page
    post(desk, "sign-offs", 303, **fields, decision="ship")
    page = get(desk)
    assert "It stands" in page
    assert desk.owner.name in page
    desk.set_gates(ACCURACY, REFUSALS)
    assert "This sign-off has lapsed: the gates changed since." in get(desk)


def test_the_override_is_repeated(desk: Desk) -> None:
    desk.measure()
    desk.overridden("We <b>had</b> to.")
    answer = desk.client.get(f"/p/{desk.project.slug}/decide").text
    assert "Launched against a blocker" in answer
    assert "We &lt;b&gt;had&lt;/b&gt; to." in answer


def test_the_report_is_one_file_without_parts_from_elsewhere(desk: Desk) -> None:
    desk.set_gates(ACCURACY)
    desk.measure()
    desk.overridden("We <b>had</b> to.")
    desk.sign(note="Read the lost cases.")
    answer = desk.client.get(f"/p/{desk.project.slug}/decide/report")
    assert answer.headers["content-disposition"].startswith("attachment")
    for part in ("src=", "href=", "url(", "@import", "<script"):
        assert part not in answer.text, part
    assert "<h1>Ship: Tuned</h1>" in answer.text
    assert "We &lt;b&gt;had&lt;/b&gt; to." in answer.text
    assert f"Signed by {desk.owner.name}" in answer.text
    assert "Tuned answers 71 of 120 cases correctly, Base 52" in answer.text
