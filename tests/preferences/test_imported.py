"""Votes from elsewhere: what a line says, what is one pair, what counts, and that nothing changes after the close."""

import json

import pytest
import sqlalchemy.exc
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.preferences.imported import service
from tests.factories import Factory
from tests.preferences.factories import measured
from tests.preferences.imported_factory import ImportRound, vote


@pytest.fixture
def round_(client: TestClient, factory: Factory) -> ImportRound:
    return ImportRound(client, factory)


def test_both_orders_are_one_pair_and_the_winner_is_turned(round_: ImportRound) -> None:
    turned = vote(candidate_a="tuned", candidate_b="base", winner="b", reviewer="Ben", criteria={"tone": "a"})
    report = round_.send(vote(), turned, vote(winner="tie", reviewer="Cem"), vote(winner="both_bad", reviewer="Dan"))
    assert (report.status_code, report.json()["votes"]) == (200, 4)
    (rate,) = round_.results()["win_rates"]
    counted = {rate["candidate"]: rate["wins"], rate["opponent"]: rate["losses"]}
    assert counted == {"base": 2, "tuned": 0}
    assert (rate["ties"], rate["both_bad"]) == (1, 1)


def test_messages_and_text_are_one_prompt_but_other_outputs_another_pair(round_: ImportRound) -> None:
    messages = [{"role": "user", "content": "Refund?"}]
    round_.send(vote(), vote(prompt=messages, reviewer="Ben"), vote(output_a="No.", output_b="Yes.", reviewer="Ben"))
    html = round_.factory.sign_in(round_.client, round_.owner).get(f"{round_.page}/imported").text
    assert "3 votes on 2 pairs came in." in html


def test_the_first_vote_counts_and_later_ones_measure_consistency(round_: ImportRound) -> None:
    round_.send(vote(), vote(winner="b"), vote(candidate_a="tuned", candidate_b="base", winner="b", seconds=2))
    found = round_.results()
    assert found["votes"] == 1
    assert found["win_rates"][0]["wins"] + found["win_rates"][0]["losses"] == 1
    assert (found["self_consistency"]["value"], found["self_consistency"]["n"]) == (0.5, 2)


def test_the_same_file_again_changes_nothing(round_: ImportRound) -> None:
    file = [vote(), vote(), vote(reviewer="Ben")]
    assert round_.send(*file).json()["votes"] == 3
    again = round_.send(*file, vote(reviewer="Cem")).json()
    assert (again["votes"], again["known"]) == (1, 3)


def test_refused_lines_name_line_and_reason(round_: ImportRound) -> None:
    wrong = [
        "not json", "{}", json.dumps(vote(candidate_b="base")), json.dumps(vote(winner="left")),
        json.dumps(vote(reviewer=" ")), json.dumps(vote(case_id="0" * 8)), json.dumps(vote(seconds="3")),
        json.dumps(vote(prompt=[{"role": "system", "content": "x"}])), json.dumps(vote(rationale="a\x00b")),
        json.dumps(vote(criteria={"tone": "left"})), json.dumps(vote(prompt=None)),
    ]  # fmt: skip
    report = round_.send(vote(), *wrong).json()
    assert (report["lines"], report["votes"], report["rejected_count"]) == (12, 1, 11)
    reasons = {row["line"]: row["reason"] for row in report["rejected"]}
    starts = (
        "the line, candidate_a, candidate_b, winner, reviewer, case_id, seconds, prompt, rationale, criteria, prompt"
    )
    for (line, reason), start in zip(sorted(reasons.items()), starts.split(", "), strict=True):
        assert reason.startswith(start), (line, reason)


def test_a_file_without_a_vote_leaves_nothing(round_: ImportRound) -> None:
    refused = round_.send("{}", "[]")
    assert refused.status_code == 422
    assert "line 1" in refused.json()["errors"][0]["msg"]
    assert round_.send("\n").status_code == 422
    assert round_.factory.session.scalar(text("select count(*) from vote_files")) == 0


def test_all_or_nothing_beyond_the_limit(round_: ImportRound, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_PAIRS", 2)
    monkeypatch.setattr(service, "BATCH_LINES", 2)
    assert round_.send(*(vote(prompt=f"Question {n}") for n in range(5))).status_code == 422
    assert round_.factory.session.scalar(text("select count(*) from imported_pairs")) == 0


def test_nothing_comes_in_after_the_close(round_: ImportRound) -> None:
    assert round_.get("results").status_code == 409
    round_.send(vote())
    assert round_.post("close").status_code == 200
    assert round_.send(vote(reviewer="Ben")).status_code == 409
    session = round_.factory.session
    add = (
        "insert into imported_votes (round_id, pair_id, reviewer, winner, rationale, criteria, line_hash, occurrence) "
        "select round_id, id, 'Late', 'a', '', '{}', '\\x00', 1 from imported_pairs"
    )
    for sql, why in (
        (add, "closed"),
        ("update imported_votes set winner = 'b'", "permission denied|closed"),
        ("delete from imported_pairs", "permission denied|closed"),
    ):
        with pytest.raises(sqlalchemy.exc.DBAPIError, match=why):
            session.execute(text(sql))
        session.rollback()


def test_a_round_of_runs_takes_no_file_and_cases_are_known_by_id(client: TestClient, factory: Factory) -> None:
    round_ = ImportRound(client, factory)
    found = measured(factory.session, round_.project)
    other = ImportRound(client, factory)
    elsewhere = measured(factory.session, other.project)
    report = round_.send(
        vote(prompt=None, case_id=found.cases[0].id), vote(prompt=None, case_id=elsewhere.cases[0].id)
    ).json()
    assert (report["votes"], [row["line"] for row in report["rejected"]]) == (1, [2])
    body = {"source": "runs", "run_ids": [run.id for run in found.runs], "votes_per_pair": 1}
    factory.member(round_.project, "annotator")
    base = f"/api/v1/projects/{round_.project.slug}/preference-rounds"
    runs = client.post(base, json=body, headers=round_.engineer)
    assert runs.status_code == 201, runs.text
    sent = client.post(f"{base}/{runs.json()['id']}/votes/import", content=json.dumps(vote()), headers=round_.engineer)
    assert sent.status_code == 409


def test_pages_import_report_and_close(client: TestClient, factory: Factory) -> None:
    owner = factory.user()
    project = factory.project(owner)
    page = factory.sign_in(client, owner)
    url = f"/p/{project.slug}/rounds/import"
    assert "candidate_a" in page.get(url).text
    bad = page.post(url, data={"name": "Kept name"}, files={"file": ("v.jsonl", b"{}\n")})
    assert bad.status_code == 422
    assert "Kept name" in bad.text
    file = (json.dumps(vote()) + "\n{}\n").encode()
    shown = page.post(url, data={"name": "Ours"}, files={"file": ("votes.jsonl", file)}, follow_redirects=True)
    assert "1 vote on 1 pair came in." in shown.text
    assert "candidate_a: is missing" in shown.text
    round_url = str(shown.url.path).removesuffix("/imported")
    more = page.post(f"{round_url}/imported", files={"file": ("more.jsonl", json.dumps(vote(reviewer="Ben")).encode())})
    assert more.status_code == 303
    assert page.post(f"{round_url}/closing").status_code == 303
    assert "base" in page.get(round_url).text
