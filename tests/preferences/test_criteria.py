"""Criteria and guideline on the voter's page."""

from fastapi.testclient import TestClient

from app.preferences.models import Vote
from tests.factories import Factory
from tests.preferences.opened import Opened

HTMX = {"hx-request": "true"}


def test_criteria_are_asked_kept_and_come_back_with_undo(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory, criteria_list=["helpful", "tone"], guideline="Prefer the **short** one.")
    page = factory.sign_in(client, opened.people[0])
    shown = page.get(f"{opened.page}/vote").text
    assert "<legend>helpful</legend>" in shown
    assert "<strong>short</strong>" in shown
    pair = shown.split('name="pair_id" value="')[1].split('"')[0]
    fields = {"pair_id": pair, "choice": "left", "criterion-1": "right"}
    assert page.post(f"{opened.page}/votes", data=fields, headers=HTMX).status_code == 200
    assert factory.session.query(Vote).one().criteria == {"tone": "right"}
    undone = page.post(f"{opened.page}/undo", headers=HTMX).text
    assert 'name="criterion-1" value="right" checked' in undone
    assert "checked" not in undone.split("<legend>tone</legend>")[0]


def test_an_answer_to_what_is_not_asked_is_refused(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory, criteria_list=["helpful"])
    api, voter = f"{opened.base}/{opened.round}", opened.voters[0]
    pair = client.post(f"{api}/next", headers=voter).json()["pair_id"]
    vote = {"pair_id": pair, "choice": "tie", "criteria": {"price": "left"}}
    answer = client.post(f"{api}/votes", json=vote, headers=voter)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == "criteria"


def test_enough_votes_end_it(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory, max_votes=3)
    assert opened.vote_all(opened.voters[0], "Text 1") == 3
    assert client.post(f"{opened.base}/{opened.round}/next", headers=opened.voters[1]).status_code == 204
