"""The overview says where everything stands and names one next thing."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from app.overview.rules import Standing, next_thing, path
from tests.factories import Factory
from tests.preferences.factories import measured

EMPTY = Standing(*[0] * 9, None, 0, 0, None, 0, 0, 0, None, None, None, 0, 0, 1, False, 0, 0, 0)
CURATED = replace(EMPTY, examples=10, approved=10)
SEALED = replace(CURATED, test_sets=1, sealed_sets=1, sealed_cases=5)
MEASURED = replace(SEALED, candidates=1, baseline_id="c", runs=1, baseline_run_id="r")
FROZEN = replace(MEASURED, versions=1)
TUNED = replace(FROZEN, fine_tunes=1, tuned=1, tuned_candidate_id="t")
COMPARED = replace(TUNED, tuned_run_id="s")


@pytest.mark.parametrize(
    ("standing", "label"),
    [
        (EMPTY, "Import examples"),
        (CURATED, "Seal a test set"),
        (SEALED, "Make a candidate"),
        (replace(SEALED, candidates=1), "Choose the baseline"),
        (replace(SEALED, candidates=1, baseline_id="c"), "Measure the baseline"),
        (MEASURED, "Freeze a dataset version"),
        (FROZEN, "Launch a fine-tune"),
        (TUNED, "Measure the tuned model"),
        (COMPARED, "Open a blind round"),
        (replace(COMPARED, rounds=1), "Decide"),
        (replace(COMPARED, rounds=1, verdicts=1), "Compare"),
        (replace(EMPTY, rounds_waiting_for_me=1), "Vote blind"),
        (replace(CURATED, assigned_to_me=12), "Review your 12 examples"),
    ],
)
def test_the_one_next_thing(standing: Standing, label: str) -> None:
    assert next_thing("/p/x", standing, "engineer").label == label


def test_the_path_has_seven_stages_in_order() -> None:
    steps = path("/p/x", TUNED)
    assert [s.label for s in steps] == ["Curate", "Test set", "Baseline", "Tune", "Compare", "Blind review", "Decide"]
    assert [s.state for s in steps] == ["done", "done", "done", "done", "todo", "todo", "todo"]


def test_the_page_counts_what_is_there(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner, name="Billing <b>support</b>")
    measured(factory.session, project, cases=3)
    html = factory.sign_in(client, owner).get(f"/p/{project.slug}").text
    assert "3 cases sealed" in html
    assert "Import examples" in html
    assert "Billing &lt;b&gt;support&lt;/b&gt;" in html


@pytest.mark.parametrize("role", ["viewer", "annotator", "engineer", "admin"])
def test_the_rail_leads_nobody_to_what_they_may_not_see(client: TestClient, factory: Factory, role: str) -> None:
    project = factory.project()
    factory.sign_in(client, factory.member(project, role))
    rail = client.get(f"/p/{project.slug}").text.split('class="rail-stages"')[1].split("</nav>")[0]
    links = re.findall(r'href="([^"]+)"', rail)
    assert len(links) >= 15
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
