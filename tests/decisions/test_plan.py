"""The power planner, as a page and by the API."""

import pytest
from fastapi.testclient import TestClient

from app.core.stats.needed import cases_to_show, votes_to_show
from tests.decisions.factories import Desk
from tests.factories import Factory


@pytest.fixture
def desk(client: TestClient, factory: Factory) -> Desk:
    found = Desk(client, factory)
    factory.sign_in(client, found.owner)
    return found


def test_the_api_answers_in_shares(desk: Desk) -> None:
    query = {"rate": 0.6, "difference": 0.1, "win_rate": 0.6, "ties": 0.1}
    found = desk.client.get(f"{desk.api}/plan", params=query, headers=desk.headers).json()
    assert found["discordance"] == pytest.approx(0.6 * 0.3 + 0.7 * 0.4)
    assert found["cases"] == cases_to_show(0.1, found["discordance"])
    assert found["votes"] == votes_to_show(0.6, 0.1)


def test_the_page_speaks_percent(desk: Desk) -> None:
    desk.measure()
    answer = desk.client.get(f"/p/{desk.project.slug}/decide/plan", params={"difference": "10", "discordance": "30"})
    assert answer.status_code == 200
    assert f"To see 10 points with 80 % power: {cases_to_show(0.1, 0.3):,} cases." in answer.text
    assert "as you said" in answer.text
    assert "Held out" in answer.text


@pytest.mark.parametrize(
    "query",
    [{"rate": "much"}, {"rate": "95", "difference": "20"}, {"difference": "10", "discordance": "5"}, {"power": "100"}],
)
def test_what_cannot_be_is_refused_and_kept(desk: Desk, query: dict[str, str]) -> None:
    answer = desk.client.get(f"/p/{desk.project.slug}/decide/plan", params=query)
    assert answer.status_code == 422
    assert all(f'value="{value}"' in answer.text for value in query.values())
