"""From votes to data: which pairs are chosen, that sealed prompts never are, and that examples are made of them."""

import json

from fastapi.testclient import TestClient

from app.examples.importing import run_import
from app.preferences.pairs.rules import Said, Wanted, choose
from tests.factories import Factory
from tests.preferences.factories import measured
from tests.preferences.imported_factory import ImportRound, vote
from tests.preferences.test_rounds import Opened

TEXTS = {"output_a": "No.", "output_b": "Of course."}


def test_what_is_chosen() -> None:
    cast = {"won": "aab", "tied": "tta", "split": "ab", "bad": "xxb", "one": "b"}
    names = {"t": "tie", "x": "both_bad"}
    votes = [
        Said(pair, names.get(c, c), f"r{n}", "why" if pair == "won" and n == 2 else "")  # type: ignore[arg-type]
        for pair, choices in cast.items()
        for n, c in enumerate(choices)
    ]
    found = choose(votes, Wanted())
    assert {pair: (c.winner, c.votes) for pair, c in found.pairs.items()} == {"won": ("a", 3), "one": ("b", 1)}
    assert found.left_out == {"tie": 2, "no_majority": 1}
    assert set(choose(votes, Wanted(min_agreement=0.7)).pairs) == {"one"}
    assert set(choose(votes, Wanted(min_votes=2)).pairs) == {"won"}
    assert not choose(votes, Wanted(rationale=True)).pairs  # the only reason was given for the other answer
    assert choose(votes, Wanted(reviewers=["r2"])).pairs["won"].winner == "b"


def test_prompts_of_sealed_sets_are_never_exported(client: TestClient, factory: Factory) -> None:
    round_ = ImportRound(client, factory)
    found = measured(factory.session, round_.project)
    round_.send(
        vote(**TEXTS, prompt=None, case_id=found.cases[0].id), vote(**TEXTS, prompt="Open?", winner="b", rationale="ok")
    )
    assert round_.get("pairs-export").status_code == 409
    round_.post("close")
    export = round_.get("pairs-export")
    (line,) = [json.loads(row) for row in export.text.splitlines()]
    assert line["input"]["messages"] == [{"role": "user", "content": "Open?"}]
    assert line["preferred_output"][0]["content"] == "Of course."
    assert export.headers["x-left-out"] == "1"
    trl = json.loads(round_.get("pairs-export", format="trl", rationale=True).text)
    assert (trl["chosen"][0]["content"], trl["rejected"][0]["content"]) == ("Of course.", "No.")
    assert round_.get("pairs-export", reviewers="Nobody").status_code == 422
    preview = round_.get("pairs-preview").json()
    assert (preview["pairs"], preview["left_out"][0]["pairs"]) == (1, 1)
    page = factory.sign_in(client, round_.owner).get(f"{round_.page}/pairs").text
    assert "1 pair left out" in page
    assert "1 pair can train." in page


def test_rounds_on_a_sealed_set_yield_nothing_and_say_why(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    opened.vote_all(opened.voters[0], "Text 1")
    base = f"{opened.base}/{opened.round}"
    client.post(f"{base}/close", headers=opened.engineer)
    assert client.get(f"{base}/pairs-export", headers=opened.engineer).text == ""
    assert client.post(f"{base}/pairs-examples", json={}, headers=opened.engineer).status_code == 409
    page = factory.sign_in(client, opened.owner).get(f"/p/{opened.project.slug}/rounds/{opened.round}/pairs").text
    assert "sealed test set" in page


def test_examples_are_made_of_pairs_once(client: TestClient, factory: Factory) -> None:
    round_ = ImportRound(client, factory)
    round_.send(*(vote(**TEXTS, prompt=f"Question {n}", winner="b") for n in range(3)))
    round_.post("close")
    for imported, duplicates in ((3, 0), (0, 3)):
        made = round_.post("pairs-examples", json={"min_votes": 1})
        assert made.status_code == 202, made.text
        run_import(made.json()["id"])
        base = f"/api/v1/projects/{round_.project.slug}"
        report = client.get(f"{base}/imports/{made.json()['id']}", headers=round_.engineer).json()
        assert (report["imported"], report["duplicates"]) == (imported, duplicates)
    examples = client.get(f"{base}/examples", params={"tag": "from votes"}, headers=round_.engineer).json()["items"]
    assert [one["status"] for one in examples] == ["to_review"] * 3
