"""The adviser over stored runs: evidence, what people say and take back, options, page, API and CSV."""

import csv
import html
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.annotation.models import Annotation
from app.comparisons.models import ComparisonResult
from app.datasets.near import service as near
from app.decisions.adviser.models import FailureCause
from app.evals.models import Grade
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench
from tests.examples import factories
from tests.factories import Factory


class Desk:
    """A set of 60 cases, 20 tagged “refund”, of which the baseline fails all; 5 should be refused and are answered."""

    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.factory, self.session = client, factory, factory.session
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.bench = Bench(factory.session, self.project)
        self.headers = factory.bearer(self.owner)
        self.api = f"/api/v1/projects/{self.project.slug}/adviser"
        self.page = f"/p/{self.project.slug}/decide/adviser"
        tags = {n: ["refund"] for n in range(20)}
        self.set = self.bench.test_set(60, tags=tags, behaviors=dict.fromkeys(range(20, 25), "refuse"))
        self.base = self.bench.candidate("Base", baseline=True)
        self.run = self.measure(range(25, 60))
        factory.sign_in(client, self.owner)

    def measure(self, passes: range, candidate: Any = None) -> Any:
        refused = [n for n in range(60) if not 20 <= n < 25]
        run = self.bench.run(
            candidate or self.base, list(passes), graders=(LABEL, BEHAVIOR), also={"behavior": refused}
        )
        for grade in self.session.scalars(select(Grade).where(Grade.grader == "behavior", Grade.passed.is_(False))):
            grade.detail = {"expected": "refuse", "observed": "answer"}
        self.session.commit()
        return run

    def get(self, path: str = "", **query: Any) -> Any:
        answer = self.client.get(f"{self.api}{path}", params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, status: int = 201, **body: Any) -> Any:
        answer = self.client.post(f"{self.api}/causes", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def show(self, path: str = "", status: int = 200) -> str:
        answer = self.client.get(f"{self.page}{path}")
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    return Desk(client, factory)


def test_counts_by_cause_and_the_first_line(desk: Desk) -> None:
    found = desk.get()
    assert (found["cases"], found["failed"]) == (60, 25)
    assert found["causes"]["ignored_pattern"] == {"confirmed": 0, "proposed": 20}
    assert found["causes"]["safety"] == {"confirmed": 0, "proposed": 5}
    assert (found["approach"], found["make"]) == ("prompting", "prompted")
    page = desk.show()
    assert (
        "Next: prompting. 20 of 25 failures with a cause ignore a pattern or the format (none confirmed yet)." in page
    )
    assert "5 failures are about safety" in page
    assert f"/candidates/playground/new?candidate={desk.base.id}" in page


def test_before_anything_is_measured_it_says_what_to_do(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner)
    factory.sign_in(client, owner)
    assert "Choose a baseline first" in client.get(f"/p/{project.slug}/decide/adviser").text
    answer = client.get(f"/api/v1/projects/{project.slug}/adviser", headers=factory.bearer(owner))
    assert answer.status_code == 409
    Bench(factory.session, project).candidate("Base", baseline=True)
    assert "Measure “Base” on a sealed test set first" in client.get(f"/p/{project.slug}/decide/adviser").text


def test_measured_options_stand_beside_the_baseline(desk: Desk) -> None:
    tuned = desk.bench.candidate("Tuned", origin="fine_tune")
    desk.measure(range(5, 60), tuned)
    desk.bench.candidate("Another", origin="fine_tune")
    found = desk.get()
    assert [one["name"] for one in found["options"]] == ["Base", "Tuned"]
    option = found["options"][1]
    assert (option["kind"], option["verdict"], option["n"]) == ("tuned", "better", 60)
    assert option["difference"] == pytest.approx(20 / 60)
    assert found["favoured"] == "Tuned"
    compared = desk.client.get(
        f"/api/v1/projects/{desk.project.slug}/comparisons",
        params={"baseline": desk.base.id, "candidate": tuned.id},
        headers=desk.headers,
    ).json()
    same = next(row for row in compared["metrics"] if row["key"] == "task_accuracy")
    assert option["difference_interval"] == same["interval"]
    page = desk.show()
    assert "The evidence favours “Tuned”." in page
    assert "favoured" in page


def test_people_confirm_change_and_take_back_and_a_later_run_inherits(desk: Desk) -> None:
    rows = desk.get("/failures")["items"]
    assert (rows[0]["cause"], rows[0]["state"]) == ("ignored_pattern", "proposed")
    assert "20 of 20 cases with the tag “refund” fail “label”." in [one["words"] for one in rows[0]["evidence"]]
    one = rows[0]["case_id"]
    desk.say(case_ids=[one], set_to="proposed")
    changed = desk.say(case_ids=[one], set_to="unclear_requirement")
    found = desk.get("/failures")["items"][0]
    assert (found["cause"], found["state"], found["confirmed_by"]) == (
        "unclear_requirement", "confirmed", desk.owner.name,
    )  # fmt: skip
    desk.measure(range(30, 60))
    later = desk.get("/failures")["items"]
    assert (later[0]["cause"], later[0]["state"]) == ("unclear_requirement", "confirmed")
    assert len(later) == 30
    undone = desk.client.delete(f"{desk.api}/causes/{changed['change_id']}", headers=desk.headers)
    assert undone.json()["count"] == 1
    assert desk.get("/failures")["items"][0]["cause"] == "ignored_pattern"
    assert desk.get("/failures")["items"][0]["state"] == "confirmed"
    again = desk.client.delete(f"{desk.api}/causes/{changed['change_id']}", headers=desk.headers)
    assert again.status_code == 409


def test_what_somebody_else_said_since_is_not_undone(desk: Desk) -> None:
    one = desk.get("/failures")["items"][0]["case_id"]
    first = desk.say(case_ids=[one], set_to="format")
    desk.say(case_ids=[one], set_to="safety")
    answer = desk.client.delete(f"{desk.api}/causes/{first['change_id']}", headers=desk.headers)
    assert answer.status_code == 409
    assert "Somebody has said something else" in answer.json()["detail"]


def test_in_bulk_over_a_filter_and_back(desk: Desk) -> None:
    stale = desk.say(409, cause="safety", set_to="proposed", expected_count=4)
    assert "5 failures match by now" in stale["detail"]
    desk.say(422, set_to="proposed")
    changed = desk.say(cause="safety", set_to="proposed", expected_count=5)
    assert changed["count"] == 5
    assert desk.get()["causes"]["safety"] == {"confirmed": 5, "proposed": 0}
    assert len(desk.get("/failures", state="proposed")["items"]) == 20
    desk.client.delete(f"{desk.api}/causes/{changed['change_id']}", headers=desk.headers)
    assert desk.get()["causes"]["safety"] == {"confirmed": 0, "proposed": 5}
    assert len(desk.session.scalars(select(FailureCause)).all()) == 10


def test_the_page_without_javascript(desk: Desk) -> None:
    page = desk.show(f"/failures?run={desk.run.id}")
    assert "Base says 0" in page
    assert "Confirm ignored pattern" in page
    rows = desk.get("/failures")["items"]
    form = {"run": desk.run.id, "case_ids": rows[0]["case_id"], "set_to": "proposed", "next": rows[1]["case_id"]}
    said = desk.client.post(f"{desk.page}/causes", data=form)
    assert said.status_code == 303
    following = html.unescape(desk.client.get(said.headers["location"]).text)
    assert "Base says 1" in following
    assert "Said of 1 case." in following
    assert desk.client.post(f"{desk.page}/undo", data={"run": desk.run.id}).status_code == 303
    assert desk.get("/failures")["items"][0]["state"] == "proposed"
    refused = desk.client.post(f"{desk.page}/causes", data=form | {"set_to": "magic"})
    assert refused.status_code == 422
    other = form | {"case_ids": desk.bench.cases["Held out"][59].id, "set_to": "format"}
    assert "did not fail in this run" in desk.client.post(f"{desk.page}/causes", data=other).text


def test_disagreement_makes_the_requirement_unclear(desk: Desk) -> None:
    """Of the example that the case was made of."""
    example = factories.add(desk.session, desk.project, **factories.chat("A question"))
    for label in ("tax", "refund"):
        person = desk.factory.member(desk.project, "annotator")
        fields: Any = {"project_id": desk.project.id, "example_id": example.id, "revision": 1, "before": {}}
        desk.session.add(Annotation(**fields, annotator_id=person.id, verdict="approve", label=label, blind=True))
    desk.bench.test_set(3, "Disputed", sealed=False)
    case = desk.bench.cases["Disputed"][0]
    case.example_id = example.id
    desk.session.flush()
    test_set = desk.bench.sets["Disputed"]
    near.bring_up_to_date(desk.session, desk.project.id)
    test_set.content_hash, test_set.sealed_at = "hash", desk.project.created_at
    desk.session.commit()
    desk.bench.run(desk.base, [1, 2], "Disputed")
    found = desk.get("/failures", test_set=test_set.id)["items"]
    assert [one["proposed"] for one in found] == ["unclear_requirement"]
    assert found[0]["evidence"][0]["words"] == "2 annotators differ in the label: “refund” and “tax”."


def test_failures_as_csv(desk: Desk) -> None:
    desk.say(cause="safety", set_to="proposed", expected_count=5)
    answer = desk.client.get(f"{desk.page}/causes.csv?run={desk.run.id}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 25
    assert [row["state"] for row in rows].count("confirmed") == 5
    assert rows[20]["confirmed_by"] == desk.owner.name
    assert rows[0]["evidence"].startswith("ignored_pattern: 20 of 20 cases")


@pytest.mark.parametrize("text", [" =1+1", "＝1+1", "\n=1+1", "\u200b@SUM(A1)"])
def test_no_spelling_of_a_formula_reaches_a_spreadsheet(desk: Desk, text: str) -> None:
    test_set = desk.bench.test_set(3, "Hostile", sealed=False, tags={0: [text]})
    case = desk.bench.cases["Hostile"][0]
    case.messages = [{"role": "user", "content": text}]
    near.bring_up_to_date(desk.session, desk.project.id)
    test_set.content_hash, test_set.sealed_at = "hash", desk.project.created_at
    desk.session.commit()
    run = desk.bench.run(desk.base, [1, 2], "Hostile")
    answer = desk.client.get(f"{desk.page}/causes.csv?run={run.id}")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["request"], row["tags"]) for row in rows] == [(f"'{text}", f"'{text}")]


def test_a_voter_reads_no_outputs_unasked_and_a_viewer_says_nothing(desk: Desk) -> None:
    annotator, viewer = desk.factory.member(desk.project, "annotator"), desk.factory.member(desk.project, "viewer")
    desk.factory.sign_in(desk.client, annotator)
    assert "Base says 0" not in desk.show(f"/failures?run={desk.run.id}")
    desk.show(f"/causes.csv?run={desk.run.id}", 403)
    assert "Base says 0" in desk.show(f"/failures?run={desk.run.id}&show=true")
    desk.show(f"/causes.csv?run={desk.run.id}")
    headers = desk.factory.bearer(viewer)
    body = {"set_to": "format", "case_ids": [desk.bench.cases["Held out"][0].id]}
    assert desk.client.post(f"{desk.api}/causes", json=body, headers=headers).status_code == 403
    assert desk.client.get(desk.api, headers=headers).status_code == 200


def test_what_was_read_of_a_run_is_kept_and_what_people_say_is_not(desk: Desk) -> None:
    desk.run.manifest_hash, desk.run.finished_at = "sha", desk.project.created_at
    desk.session.commit()
    first = desk.get("/failures")
    kept = desk.session.scalars(select(ComparisonResult.payload)).one()
    assert (kept or {})["cases"] == 60
    assert desk.get("/failures") == first
    one = first["items"][0]["case_id"]
    desk.say(case_ids=[one], set_to="format")
    assert desk.get("/failures")["items"][0]["cause"] == "format"
