"""Parts of the cases, the steadiness of answers, and what is marked in an output."""

import html

import pytest
from fastapi.testclient import TestClient

from app.core.stats.rates import wilson
from app.evals.breakdown import parts, stability
from app.evals.marked import Segment, segments
from app.evals.rules import ScoredGrade, ScoredOutput, measure
from app.evals.versions import changes
from tests.evals.conftest import Bench
from tests.evals.factories import LABEL
from tests.factories import Factory


def output(case: str, passed: bool | None, repeat: int = 0, status: str = "complete") -> ScoredOutput:
    grades = [ScoredGrade("label", "task_accuracy", passed)] if status == "complete" else []
    return ScoredOutput(case, status, grades, repeat)  # type: ignore[arg-type]


def test_parts_of_the_cases() -> None:
    measured = measure([output(str(n), n % 2 == 0) for n in range(6)])
    labels = {str(n): [("tag", "all"), ("tag", "odd" if n % 2 else "even")] for n in range(6)}
    labels["0"].append(("behavior", "refuse"))
    found = parts(measured, labels, least=1)
    assert [(part.by, part.name, part.passed.value, part.passed.n) for part in found] == [
        ("tag", "odd", 0.0, 3),
        ("behavior", "refuse", 1.0, 1),
        ("tag", "even", 1.0, 3),
    ]
    assert [part.name for part in parts(measured, labels, least=2)] == ["odd", "even"]
    assert found[2].passed == wilson(3, 3)


def test_repeats_that_disagree_are_unstable() -> None:
    outputs = [output("all", True, n) for n in range(3)] + [output("none", False, n) for n in range(3)]
    outputs += [output("torn", n == 0, n) for n in range(3)]
    outputs += [output("cut", True, 0), output("cut", None, 1, "truncated"), output("cut", True, 2)]
    measured = measure(outputs)
    found = stability(measured.success, measured.groups, 3)
    assert found is not None
    assert (found.agree.value, found.agree.n) == (0.5, 4)
    assert (found.agree.low, found.agree.high) == (wilson(2, 4).low, wilson(2, 4).high)
    assert dict(found.unstable) == {"torn": pytest.approx(1 / 3), "cut": pytest.approx(2 / 3)}
    assert stability(measured.success, measured.groups, 1) is None


def test_claims_are_marked_where_they_stand() -> None:
    text = "It ships today. It is free. Ask us."
    first = {"text": "It ships today.", "start": 0, "end": 15, "why": "no date"}
    second = {"text": "It is free.", "start": 16, "end": 27, "why": "no word of it"}
    elsewhere = {"text": "Another text", "start": 2, "end": 14, "why": "of something else"}
    found = segments(text, [{"unsupported": [second, elsewhere]}, {"unsupported": [first]}, {}])
    assert found == [
        Segment("It ships today.", "Unsupported: no date"),
        Segment(" "),
        Segment("It is free.", "Unsupported: no word of it"),
        Segment(" Ask us."),
    ]
    assert segments(text, [{"unsupported": [elsewhere]}]) == ()
    assert segments(None, [{"unsupported": [first]}]) == ()


def test_what_changed_between_versions() -> None:
    before = {"type": "regex", "pattern": "a", "deep": {"x": 1, "y": [1]}, "gone": True}
    after = {"type": "regex", "pattern": "b", "deep": {"x": 1, "y": [1, 2]}, "new": 0.5}
    found = [(one.field, one.before, one.after) for one in changes(before, after)]
    assert found == [("pattern", "a", "b"), ("deep.y", "[1]", "[1, 2]"), ("new", None, "0.5"), ("gone", "true", None)]


def test_categories_and_repeats_on_the_page_and_over_the_api(
    client: TestClient, bench: Bench, factory: Factory
) -> None:
    test_set = bench.test_set(4, kind="red_team", tags=["leaks"], special={1: {"tags": ["malware"]}})
    bench.double.script.answers = {"question 1.": "no"}
    bench.double.script.faults = {"question 2.": ["400"]}
    run = bench.run(test_set=test_set, repeats=2)
    url = f"/api/v1/projects/{bench.project.slug}/eval-runs/{run.id}"
    told = client.get(url, headers=factory.bearer(bench.user)).json()
    assert [(part["name"], part["value"], part["n"]) for part in told["parts"]] == [
        ("malware", 0.0, 1),
        ("leaks", pytest.approx(2.5 / 3), 3),
    ]
    assert (told["stability"]["value"], told["stability"]["count"], told["stability"]["repeats"]) == (0.75, 1, 2)
    factory.sign_in(client, bench.user)
    page = html.unescape(client.get(f"/p/{bench.project.slug}/runs/{run.id}").text)
    assert "Cases whose repeats all agree" in page
    assert "passed in 1 of 2" in page
    assert "malware" in page
    unstable = next(one for one in bench.outputs(run) if one.status == "failed")
    shown = client.get(f"/p/{bench.project.slug}/runs/{run.id}/outputs/{unstable.id}").text
    assert "This case was asked 2 times" in shown


def test_claims_and_parts_of_a_grade_on_the_page(client: TestClient, bench: Bench, factory: Factory) -> None:
    bench.double.script.default = "The parcel weighs 73 kilograms and comes from Lisbon."
    graders = [
        {"type": "groundedness", "name": "grounded"},
        {"type": "multi", "name": "both", "calculate_output": "label * 1", "graders": {"label": LABEL}},
    ]
    run = bench.run(1, graders=graders)
    (one,) = bench.outputs(run)
    factory.sign_in(client, bench.user)
    page = html.unescape(client.get(f"/p/{bench.project.slug}/runs/{run.id}/outputs/{one.id}").text)
    assert '<mark title="Unsupported: ' in page
    assert "Unsupported claims" in page
    assert "What it is made of" in page


def test_versions_of_a_grader_say_what_changed(client: TestClient, bench: Bench, factory: Factory) -> None:
    url = f"/api/v1/projects/{bench.project.slug}/graders"
    hers = factory.bearer(bench.user)
    definition = {name: value for name, value in LABEL.items() if name != "name"}
    client.post(url, json={"name": "right", "definition": definition}, headers=hers)
    new = client.post(url, json={"name": "right", "definition": definition | {"operation": "ne"}}, headers=hers).json()
    found = client.get(f"{url}/{new['id']}/versions", headers=hers).json()["items"]
    assert [(one["version"], one["changes"]) for one in found] == [(2, [["operation", "eq", "ne"]]), (1, None)]
    factory.sign_in(client, bench.user)
    page = client.get(f"/p/{bench.project.slug}/graders/{new['id']}").text
    assert "<del>eq</del> <ins>ne</ins>" in page
