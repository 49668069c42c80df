"""Runs over instructions: the metric, the three figures beside it, kinds, pages."""

import pytest
from fastapi.testclient import TestClient

from app.evals import instruction_levels as rules
from app.evals.rules import ScoredGrade, ScoredOutput
from tests.evals import factories
from tests.evals.conftest import Bench
from tests.factories import Factory

COMMA, TITLE = "punctuation:no_comma", "detectable_format:title"
EXPECTED = {"instruction_id_list": [COMMA, TITLE], "kwargs": [{}, {}]}
GRADER = {"type": "instructions", "name": "followed"}


def output(case, *rows, repeat=0, group=None, status="complete"):
    detail = {"instructions": [{"followed": strict, "loose": loose} for strict, loose in rows]} if rows else {}
    grades = [ScoredGrade("followed", rules.METRIC, None, detail)] if status != "missing" else []
    return ScoredOutput(case, status, grades, repeat, group=group)


def test_levels_by_hand():
    kinds = {"a": [COMMA, TITLE], "b": [COMMA], "c": [TITLE, COMMA]}
    outputs = [
        output("a", (True, True), (False, True)),
        output("a", (True, True), (True, True), repeat=1),
        output("b", (False, False)),
        output("c", status="missing"),
        output("elsewhere", (True, True)),
    ]
    found = rules.followed(kinds, "followed", outputs)
    assert found.whole == {"strict": {"a": 0.5, "b": 0, "c": 0}, "loose": {"a": 1, "b": 0, "c": 0}}
    assert found.each["strict"] == {"a": [1, 0.5], "b": [0], "c": [0, 0]}
    four = rules.levels(found, {"a": "a", "b": "b", "c": "c"})
    figures = {(one["unit"], one["form"]): (one["value"], one["n"]) for one in four}
    assert figures == {
        ("prompt", "strict"): (pytest.approx(0.5 / 3), 3),
        ("prompt", "loose"): (pytest.approx(1 / 3), 3),
        ("instruction", "strict"): (pytest.approx(1.5 / 5), 5),
        ("instruction", "loose"): (pytest.approx(2 / 5), 5),
    }
    assert rules.by_kind(kinds, found) == [
        {"kind": TITLE, "asked": 2, "strict": 0.5, "loose": 1},
        {"kind": COMMA, "asked": 3, "strict": 1, "loose": 1},
    ]


def test_instructions_of_one_output_are_no_independent_observations():
    kinds = {str(case): [COMMA] * 6 for case in range(40)}
    outputs = [output(case, *[(int(case) % 2 == 0,) * 2] * 6) for case in kinds]
    found = rules.followed(kinds, "followed", outputs)
    by_prompt, _loose, by_instruction, _ = rules.levels(found, {case: case for case in kinds})
    width = [high - low for low, high in (by_prompt["interval"], by_instruction["interval"])]
    assert by_instruction["n"] == 240
    assert width[1] == pytest.approx(width[0], rel=0.1)  # as wide as of 40, not of 240


def test_a_run_shows_the_metric_with_all_its_forms(bench: Bench, client: TestClient, factory: Factory) -> None:
    bench.double.script.answers = {"question 1.": "<<b>> one, two", "question 2.": "Sure, here it is:\n<<c>>"}
    bench.double.script.default = "<<a>> fine"
    run = bench.run(test_set=bench.test_set(3, kind="general", expected=EXPECTED), graders=[GRADER])
    headers = factory.bearer(bench.user)
    base = f"/api/v1/projects/{bench.project.slug}/eval-runs/{run.id}"
    metric = next(m for m in client.get(base, headers=headers).json()["metrics"] if m["key"] == rules.METRIC)
    assert (metric["value"], metric["n"]) == (pytest.approx(1 / 3), 3)
    figures = {(one["unit"], one["form"]): round(one["value"], 4) for one in metric["levels"]}
    assert figures == {
        ("prompt", "strict"): 0.3333,
        ("prompt", "loose"): 0.6667,
        ("instruction", "strict"): 0.6667,
        ("instruction", "loose"): 0.8333,
    }
    assert metric["kinds"][0] == {"kind": COMMA, "asked": 3, "strict": 1, "loose": 2}
    outputs = client.get(f"{base}/outputs", headers=headers).json()["items"]
    assert outputs[1]["grades"][0]["detail"]["instructions"][0]["found"] == "1 comma"
    factory.sign_in(client, bench.user)
    here = f"/p/{bench.project.slug}/runs/{run.id}"
    page = client.get(here).text
    assert "By instruction, loose" in page
    assert "66.7" in page
    assert "no comma" in page
    one = client.get(f"{here}/outputs/{outputs[2]['id']}").text
    assert "Followed in the loose form." in one
    assert "1 comma" in one


def test_the_first_offer_for_such_a_set_is_its_grader_alone(bench: Bench, client: TestClient, factory: Factory) -> None:
    chosen = bench.test_set(2, kind="general", expected=EXPECTED)
    factory.sign_in(client, bench.user)
    page = client.get(f"/p/{bench.project.slug}/runs/new?test_set={chosen.id}").text
    assert "follows all verifiable instructions of its case" in page
    assert page.count('name="grader"') == 1


def test_a_comparison_shows_all_forms_beside_the_metric(bench: Bench, client: TestClient, factory: Factory) -> None:
    chosen = bench.test_set(4, kind="general", expected=EXPECTED)
    bench.double.script.default = "<<a>> fine"
    good = bench.run(test_set=chosen, graders=[GRADER])
    bench.double.script.default = "Sure:\n<<a>> fine, too"
    other = factories.candidate(bench.session, bench.project, factories.provider(bench.session, bench.double.base_url))
    bad = bench.run(test_set=chosen, graders=[GRADER], candidate=other)
    factory.sign_in(client, bench.user)
    url = f"/p/{bench.project.slug}/compare?baseline={good.candidate_id}&candidate={bad.candidate_id}"
    page = client.get(url).text
    assert "Instruction following, in all its forms" in page
    row = page.split("By instruction, strict")[1].split("</tr>")[0]
    assert "100" in row
    assert "50" in row
    assert "General instructions" in page
