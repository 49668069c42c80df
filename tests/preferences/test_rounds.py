"""A round from opening to results, blind all the way."""

import pytest
import sqlalchemy.exc
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.evals.blind import saw_outputs
from tests.factories import Factory
from tests.preferences.opened import Opened


@pytest.fixture
def opened(client: TestClient, factory: Factory) -> Opened:
    return Opened(client, factory)


def test_the_whole_round(opened: Opened) -> None:
    results = f"{opened.base}/{opened.round}/results"
    assert opened.client.get(results, headers=opened.engineer).status_code == 409
    assert [opened.vote_all(voter, "Text 1") for voter in opened.voters] == [5, 5]
    assert opened.client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer).status_code == 200
    found = opened.client.get(results, headers=opened.engineer).json()
    (rate,) = found["win_rates"]
    assert (rate["candidate"], rate["wins"], rate["losses"], rate["ties"]) == ("candidate-1", 10, 0, 1)
    assert found["agreement"]["percent"]["value"] == 1.0
    assert found["votes"] == 10
    assert found["identical_pairs"] == 1
    assert [r["votes"] for r in found["reviewers"]] == [5, 5]


def test_what_a_voter_gets_names_nobody(opened: Opened) -> None:
    page = opened.factory.sign_in(opened.client, opened.people[0])
    html = page.get(f"/p/{opened.project.slug}/rounds/{opened.round}/vote")
    json = opened.client.post(f"{opened.base}/{opened.round}/next", headers=opened.voters[0])
    secrets = ["candidate-", "secret-model", "secret system", "12.5"]
    secrets += [run.id for run in opened.measured.runs] + [case.id for case in opened.measured.cases]
    for answer in (html, json):
        assert answer.status_code == 200
        assert [s for s in secrets if s in answer.text] == []
    assert "Text 0" in html.text
    assert "Text 1" in html.text


def test_voters_cannot_see_results_or_vote_for_others(opened: Opened) -> None:
    pair = opened.client.post(f"{opened.base}/{opened.round}/next", headers=opened.voters[0]).json()
    other = opened.client.post(
        f"{opened.base}/{opened.round}/votes",
        json={"pair_id": pair["pair_id"], "choice": "left"},
        headers=opened.voters[1],
    )
    assert other.status_code == 404
    maker = opened.client.post(f"{opened.base}/{opened.round}/next", headers=opened.engineer)
    assert maker.status_code == 404
    assert opened.client.post(f"{opened.base}/{opened.round}/close", headers=opened.voters[0]).status_code == 403


def test_a_vote_counts_once_and_can_be_taken_back(opened: Opened) -> None:
    voter, base = opened.voters[0], f"{opened.base}/{opened.round}"
    pair = opened.client.post(f"{base}/next", headers=voter).json()["pair_id"]
    vote = {"pair_id": pair, "choice": "tie"}
    assert opened.client.post(f"{base}/votes", json=vote, headers=voter).status_code == 201
    assert opened.client.post(f"{base}/votes", json=vote, headers=voter).status_code == 201
    assert opened.client.post(f"{base}/votes", json=vote | {"choice": "left"}, headers=voter).status_code == 409
    assert opened.client.delete(f"{base}/votes/{pair}", headers=voter).status_code == 204
    assert opened.client.post(f"{base}/next", headers=voter).json()["pair_id"] == pair


def test_skipped_pairs_come_back_last(opened: Opened) -> None:
    voter, base = opened.voters[0], f"{opened.base}/{opened.round}"
    first = opened.client.post(f"{base}/next", headers=voter).json()["pair_id"]
    assert opened.client.post(f"{base}/pairs/{first}/skip", headers=voter).status_code == 204
    assert opened.client.post(f"{base}/next", headers=voter).json()["pair_id"] != first
    assert opened.vote_all(voter, "Text 0") == 5


def test_nothing_changes_after_the_close(opened: Opened) -> None:
    voter, base = opened.voters[0], f"{opened.base}/{opened.round}"
    pair = opened.client.post(f"{base}/next", headers=voter).json()["pair_id"]
    opened.client.post(f"{base}/close", headers=opened.engineer)
    late = opened.client.post(f"{base}/votes", json={"pair_id": pair, "choice": "left"}, headers=voter)
    assert late.status_code == 409
    session = opened.factory.session
    for sql in (
        f"insert into votes (ballot_id, round_id, reviewer_id, choice, rationale) "
        f"values ('{pair}', '{opened.round}', '{opened.people[0].id}', 'left', '')",
        f"update preference_rounds set closed_at = null where id = '{opened.round}'",
    ):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="closed"):
            session.execute(text(sql))
        session.rollback()


def test_who_knows_cannot_vote(opened: Opened) -> None:
    session = opened.factory.session
    saw_outputs(session, opened.people[0].id, opened.measured.runs[0].id)
    session.commit()
    named = opened.client.post(
        opened.base, json=opened.body(reviewers=[p.email for p in opened.people]), headers=opened.engineer
    )
    assert named.status_code == 422
    assert opened.people[0].email in named.text
    too_few = opened.client.post(opened.base, json=opened.body(), headers=opened.engineer)
    assert too_few.json()["errors"][0]["loc"] == "votes_per_pair"


def test_pages_vote_undo_and_close(opened: Opened) -> None:
    page = opened.factory.sign_in(opened.client, opened.people[0])
    url = f"/p/{opened.project.slug}/rounds/{opened.round}"
    shown = page.get(f"{url}/vote").text
    pair = shown.split('name="pair_id" value="')[1].split('"')[0]
    fragment = page.post(f"{url}/votes", data={"pair_id": pair, "choice": "left"}, headers={"hx-request": "true"})
    assert fragment.status_code == 200
    assert "1 of 5" in fragment.text
    assert "<html" not in fragment.text
    undone = page.post(f"{url}/undo", headers={"hx-request": "true"})
    assert f'value="{pair}"' in undone.text
    maker = opened.factory.sign_in(opened.client, opened.owner)
    assert maker.post(f"{url}/closing").status_code == 303
    closed = maker.get(url)
    assert "No votes were cast." in closed.text
