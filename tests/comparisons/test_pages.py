"""The compare page: what it says, where its numbers lead, what it offers where there is nothing yet."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.evals.models import Output, RunView
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench
from tests.factories import Factory


class Desk:
    """Better at the task (20 → 45 of 60 right), worse at refusing (50 → 30 of 60)."""

    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.factory = factory
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.bench = Bench(factory.session, self.project)
        self.client = factory.sign_in(client, self.owner)
        self.url = f"/p/{self.project.slug}/compare"

    def measure(self) -> None:
        self.test_set = self.bench.test_set(60, behaviors=dict.fromkeys(range(30), "refuse"))
        both = (LABEL, BEHAVIOR)
        self.base = self.bench.candidate("Base", baseline=True)
        self.tuned = self.bench.candidate("Tuned", origin="fine_tune")
        self.base_run = self.bench.run(self.base, range(20), graders=both, also={"behavior": range(50)}, latency=400)
        self.tuned_run = self.bench.run(
            self.tuned, range(2, 47), graders=both, also={"behavior": range(20, 50)}, latency=200
        )

    def get(self, url: str | None = None, status: int = 200) -> str:
        answer = self.client.get(url or self.url)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    return Desk(client, factory)


def links(page: str) -> dict[str, str]:
    """Addresses by the text of their links, marks left out."""
    found = re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {" ".join(re.sub(r"<[^>]+>", " ", text).split()): url for url, text in found}


def test_the_statement_and_its_numbers(desk: Desk) -> None:
    desk.measure()
    page = desk.get()
    assert "Tuned against Base" in page
    assert "Better at the task, faster, worse at refusing." in page
    assert "Tuned answers 45 of 60 cases correctly, Base 20: +41.7 points (95 % CI" in page
    assert "60 sealed cases, used 2 times" in page
    assert "graded by label and behavior" in page
    assert "75.0 %" in page
    assert f"/p/{desk.project.slug}/rounds/new?run={desk.base_run.id}&run={desk.tuned_run.id}" in page


def test_regressions_stand_first_with_both_outputs_and_the_reasons(desk: Desk) -> None:
    desk.measure()
    page = desk.get()
    cards = page.split("<article")[1:]
    assert len(cards) == 2
    assert "Held out question 0?" in cards[0]
    for text in ("right 0 · refuse", "Base says 0", "Tuned says 0", "label of Base", "label of Tuned", "not passed"):
        assert text in cards[0], text


def test_every_number_opens_its_cases(desk: Desk) -> None:
    desk.measure()
    page = desk.get()
    found = links(page)
    assert found["Regressions 2"].startswith(f"{desk.url}?baseline={desk.base.id}&candidate={desk.tuned.id}&test_set=")
    wins = desk.get(found["Wins 27"])
    assert wins.count("<article") == 10
    last = desk.get(links(desk.get(links(wins)["Next cases"]))["Next cases"])
    assert last.count("<article") == 7
    lost = desk.get(found["20 cases lost in refusal correctness: read these first"])
    assert "Regressions" in lost
    assert "Held out question 19?" not in lost  # the second page has it
    assert "in <strong" in lost
    assert "Held out question 19?" in desk.get(links(lost)["Next cases"])


def test_no_difference_is_never_called_equal(desk: Desk) -> None:
    desk.bench.test_set(30)
    desk.bench.run(desk.bench.candidate("Base", baseline=True), range(15))
    desk.bench.run(desk.bench.candidate("Tuned"), range(15))
    page = desk.get()
    assert "No difference shown." in page
    assert "had an 80 % chance to show one of" in page
    assert "not shown" in page
    assert "equal" not in page.lower()
    assert "No case here was passed by “Base” and is failed by “Tuned”." in page


def test_what_is_missing_leads_to_the_next_step(desk: Desk) -> None:
    base = f"/p/{desk.project.slug}"
    assert links(desk.get())["Make a candidate"] == f"{base}/candidates/new"
    desk.bench.candidate("Other")
    assert links(desk.get())["Choose the baseline"] == f"{base}/candidates"
    baseline = desk.bench.candidate("Base", baseline=True)
    assert links(desk.get())["Test sets"] == f"{base}/test-sets"  # the other one is compared
    test_set = desk.bench.test_set(3)
    assert f"candidate={baseline.id}&test_set={test_set.id}" in links(desk.get())["Measure it"]
    run = desk.bench.run(baseline, [], status="running")
    assert links(desk.get())["Watch the run"] == f"{base}/runs/{run.id}"


def test_the_only_candidate_has_no_rival(desk: Desk) -> None:
    desk.bench.candidate("Base", baseline=True)
    page = desk.get()
    assert "There is nothing to compare the baseline with" in page


def test_a_viewer_is_not_sent_to_what_refuses_them(desk: Desk, client: TestClient) -> None:
    desk.bench.test_set(3)
    desk.bench.candidate("Base", baseline=True)
    desk.bench.candidate("Tuned")
    desk.factory.sign_in(client, desk.factory.member(desk.project, "viewer"))
    page = desk.get()
    assert "Measure “Base” on “Held out” first" in page
    assert "Measure it" not in page


def test_one_against_itself_is_asked_again(desk: Desk) -> None:
    desk.measure()
    page = desk.get(f"{desk.url}?candidate={desk.base.id}", status=422)
    assert "Choose two different candidates" in page
    assert f'<option value="{desk.tuned.id}">' in page


def test_an_annotator_reads_outputs_only_when_they_ask(desk: Desk, client: TestClient) -> None:
    desk.measure()
    person = desk.factory.member(desk.project, "annotator")
    desk.factory.sign_in(client, person)
    session = desk.factory.session
    closed = desk.get(links(desk.get())["Regressions 2"])
    assert "Tuned says" not in closed
    assert "cannot vote on these runs" in closed
    assert session.query(RunView).filter_by(user_id=person.id).count() == 0
    assert "Tuned says 0" in desk.get(links(closed)["Show them"])
    assert session.query(RunView).filter_by(user_id=person.id).count() == 2
    assert "Tuned says 0" in desk.get()  # known by now


def test_texts_of_models_stay_text(desk: Desk, client: TestClient) -> None:
    name = "<script>alert(1)</script>"
    desk.bench.test_set(3, tags={0: ["<img src=x>"], 1: ["<img src=x>"]})
    desk.bench.run(desk.bench.candidate("Base", baseline=True), range(3))
    desk.bench.run(desk.bench.candidate(name), [])
    answer = client.get(desk.url)
    assert name not in answer.text
    assert "<img src=x>" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; says 0" in answer.text


def test_repeats_that_disagree_are_named(desk: Desk) -> None:
    desk.measure()
    assert "Repeats" not in desk.get()
    for output in desk.bench.session.scalars(select(Output).where(Output.run_id == desk.tuned_run.id)).all():
        again = Output(run_id=output.run_id, case_id=output.case_id, repeat=1, status="failed")
        desk.bench.session.add(again)
    desk.tuned_run.repeats = 2
    desk.bench.session.commit()
    page = desk.get()
    assert "asked 2 times" in page
    assert "25.0 %" in page  # of 60 cases 45 passed once and failed once, 15 failed twice
    assert f"/compare/cases/{desk.bench.cases['Held out'][2].id}" in page
