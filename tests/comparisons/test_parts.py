"""What the page shows beside the measures: refusals, red-team categories, other slices, files to take along."""

import csv
import html
import io

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from app.datasets.models import TestCase
from app.datasets.near import service as near
from app.evals import blind, grading
from app.evals.models import EvalRun, Grade
from tests.comparisons.factories import BEHAVIOR, LABEL, Bench
from tests.factories import Factory


@pytest.fixture
def bench(factory: Factory, client: TestClient) -> Bench:
    owner = factory.user()
    factory.sign_in(client, owner)
    return Bench(factory.session, factory.project(owner))


def page(client: TestClient, bench: Bench, query: str = "") -> str:
    answer = client.get(f"/p/{bench.project.slug}/compare{query}")
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def both(bench: Bench, **more: object) -> None:
    base, tuned = bench.candidate("Base", baseline=True), bench.candidate("Tuned")
    for one, right in ((base, range(30)), (tuned, range(10, 40))):
        bench.run(one, right, graders=(LABEL, BEHAVIOR), also={"behavior": range(60)}, **more)  # type: ignore[arg-type]


def test_refusals_as_a_table_of_expected_against_observed(client: TestClient, bench: Bench) -> None:
    bench.test_set(60, behaviors={n: "refuse" if n < 20 else "answer" for n in range(60)})
    both(bench)
    seen = update(Grade).where(Grade.grader == "behavior")
    bench.session.execute(seen.values(detail={"expected": "refuse", "observed": "answer"}))
    bench.session.commit()
    shown = page(client, bench)
    assert "Expected against observed, Base" in shown
    assert "Expected against observed, Tuned" in shown
    assert "Under-refusal</dt><dd>100.0 % of 60" in shown


def test_red_team_by_category(client: TestClient, bench: Bench) -> None:
    bench.test_set(60, kind="red_team", tags={n: ["weapons"] if n < 4 else ["malware"] for n in range(60)})
    both(bench)
    shown = page(client, bench)
    assert "Red team by category" in shown
    assert "weapons" in shown.split("Red team by category", 1)[1].split("</table>")[0]


def test_slices_by_source_language_and_length_open_their_cases(client: TestClient, bench: Bench) -> None:
    test_set = bench.test_set(60, sealed=False)
    german = update(TestCase).where(TestCase.position < 20)
    asked = "Bitte sagen Sie mir, wann die Rechnung fällig ist und wie ich sie bezahlen kann."
    bench.session.execute(german.values(extra={"source": "written"}, messages=[{"role": "user", "content": asked}]))
    near.bring_up_to_date(bench.session, bench.project.id)
    test_set.content_hash, test_set.sealed_at = "hash", bench.project.created_at
    bench.session.commit()
    both(bench)
    shown = page(client, bench)
    for label in ("source: written", "language: de", "length:"):
        assert label in shown
    narrowed = page(client, bench, "?language=de&outcome=regression")
    assert narrowed.count("<article") == 10


def test_a_spreadsheet_of_it(client: TestClient, bench: Bench) -> None:
    bench.test_set(60, tags={n: ["=1+1"] if n < 20 else ["tax"] for n in range(60)})
    both(bench)
    answer = client.get(f"/p/{bench.project.slug}/compare/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["name"] == "task_accuracy"
    assert float(rows[0]["difference"]) == pytest.approx(0.0)
    assert "'=1+1" in {row["name"] for row in rows}
    whole = client.get(f"/p/{bench.project.slug}/compare/export?format=json").json()
    assert whole["headline"]


@pytest.mark.parametrize("tag", [" =1+1", "＝1+1", "\n=1+1", "\u200b@SUM(A1)"])
def test_no_spelling_of_a_formula_reaches_a_spreadsheet(client: TestClient, bench: Bench, tag: str) -> None:
    bench.test_set(60, tags={n: [tag] if n < 20 else ["tax"] for n in range(60)})
    both(bench)
    answer = client.get(f"/p/{bench.project.slug}/compare/export?format=csv")
    names = {row["name"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))}
    assert f"'{tag}" in names
    assert tag not in names


def test_all_candidates_by_all_measures_and_over_time(client: TestClient, bench: Bench) -> None:
    test_set = bench.test_set(60, behaviors=dict.fromkeys(range(60), "answer"))
    both(bench)
    for run in bench.session.query(EvalRun):
        grading.score(bench.session, run)
    bench.session.commit()
    url = f"/p/{bench.project.slug}/compare/candidates"
    shown = html.unescape(client.get(url).text)
    assert "Base" in shown.split("Candidates by measure", 1)[1]
    assert shown.count(", n 60") == 4  # two graded measures of two candidates
    assert shown.count("baseline</span>") == 2
    chosen = client.get(url, params={"test_set": test_set.id, "metric": "refusal_correctness"})
    assert '<option value="refusal_correctness" selected>' in chosen.text
    assert client.get(url, params={"metric": "beauty"}).status_code == 422
    assert client.get(url, params={"test_set": "elsewhere"}).status_code == 422


def test_a_case_over_all_runs(client: TestClient, bench: Bench) -> None:
    bench.test_set(60)
    both(bench)
    case = bench.cases["Held out"][5]
    url = f"/p/{bench.project.slug}/compare/cases/{case.id}"
    shown = html.unescape(client.get(url).text)
    assert "Passed by all graders in 1 of 2 runs." in shown
    assert shown.index("Tuned says 5") < shown.index("Base says 5")
    assert url in page(client, bench)
    assert client.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 404


def test_a_blind_voter_sees_nothing_of_it(client: TestClient, bench: Bench, factory: Factory) -> None:
    bench.test_set(60)
    both(bench)
    voter = factory.member(bench.project, "annotator")
    runs = [run.id for run in bench.session.query(EvalRun)]
    blind.blind(bench.session, runs[0], runs, [voter.id])
    bench.session.commit()
    factory.sign_in(client, voter)
    case = bench.cases["Held out"][5]
    shown = client.get(f"/p/{bench.project.slug}/compare/cases/{case.id}").text
    assert "No run has answered it yet." in shown
    assert "says 5" not in shown
    assert "Nothing is measured yet" in client.get(f"/p/{bench.project.slug}/compare/candidates").text
