"""The figures of a closed round, from votes that are plain values; the page; and settling disagreements."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.core.stats.preference import Winner
from app.preferences.cast import CastRound, CastVote
from app.preferences.results import compute, page, reasons, settling, wording
from app.preferences.results.figures import Figures
from app.preferences.results.models import PreferenceResults
from app.preferences.results.service import Results
from benchmarks import vote_simulation
from tests.factories import Factory
from tests.preferences.test_rounds import Opened

PANDALM = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pandalm" / "testset-v1.json"


def vote(
    case: int, winner: Winner, reviewer: str = "r1", a: str = "base", b: str = "tuned", **more: object
) -> CastVote:
    fields = {
        "pair": f"{case}{a}{b}", "case_id": None, "prompt_key": str(case), "a": a, "b": b, "winner": winner,
        "reviewer": reviewer, "reviewer_name": reviewer.upper(), "a_is_left": None, "is_repeat": False,
        "rationale": "", "criteria": {}, "seconds": None, "length_a": 100, "length_b": 120, "tags": (),
    }  # fmt: skip
    return CastVote(**(fields | more))  # type: ignore[arg-type]


def figured(votes: list[CastVote], candidates: tuple[str, ...] = ("base", "tuned")) -> Figures:
    labels = {one.prompt_key: [("tag", tag) for tag in one.tags] for one in votes}
    return compute.figures(CastRound(list(candidates), votes, []), labels, "seed")


def test_kappa_of_every_two_reviewers_is_cohens_own_example() -> None:
    """Cohen (1960), table 1: 200 items, proportions .25 .13 .12 / .12 .02 .16 / .03 .15 .02, κ = −.09."""
    counts = [[50, 26, 24], [24, 4, 32], [6, 30, 4]]
    choices: list[Winner] = ["a", "b", "tie"]
    votes, case = [], 0
    for row, first in enumerate(choices):
        for column, second in enumerate(choices):
            for _ in range(counts[row][column]):
                votes += [vote(case, first, "one"), vote(case, second, "two")]
                case += 1
    (two,) = figured(votes).agreement.pairwise
    assert (two.reviewer_a, two.reviewer_b, two.kappa.n) == ("one", "two", 200)
    assert two.kappa.value == pytest.approx(-0.09, abs=0.005)


def test_majority_and_disagreements_are_in_each_pairs_own_order() -> None:
    votes = [vote(1, "a", "x"), vote(1, "a", "y"), vote(1, "b", "z"), vote(2, "b", "x"), vote(2, "tie", "y")]
    votes += [vote(3, "both_bad", "x")]
    found = figured(votes)
    assert found.majority == {"a": 1, "b": 0, "tie": 0, "both_bad": 1, "none": 1}
    assert found.disagreements == 1


def test_the_part_that_differs_is_named_and_others_are_not_claimed() -> None:
    votes = [vote(case, "b", tags=("easy",)) for case in range(30)]
    votes += [vote(case, "a", tags=("hard",)) for case in range(30, 45)]
    votes += [vote(case, "b" if case % 2 else "a", tags=("easy",)) for case in range(45, 55)]
    found = figured(votes)
    assert found.parts[0].name in ("easy", "hard")
    assert {part.name for part in found.parts} == {"easy", "hard"}
    assert "tuned fares differently" in wording.differing(found)
    alike = figured([vote(case, "b" if case % 2 else "a", tags=("odd" if case % 3 else "even",)) for case in range(60)])
    assert wording.differing(alike).startswith("No part differs")


def test_a_round_that_shows_nothing_says_how_many_more_votes_it_needs() -> None:
    found = figured([vote(case, "b" if case % 9 < 5 else "a") for case in range(90)])
    headline, detail = wording.summary(found)
    assert headline == "The votes do not show a preference."
    more = found.against[0].more_votes
    assert more is not None
    # normal approximation for 5 of 9 against a half with 80 %: (1.96 + 0.84)² · ¼ / (1/18)² ≈ 636 in all
    assert more == pytest.approx(636 - 90, rel=0.1)
    assert f"about {more:,} more votes" in detail


def test_of_several_candidates_only_what_is_shown_is_said() -> None:
    votes = []
    for case in range(60):
        votes.append(vote(case, "b", a="one", b="three"))
        votes.append(vote(case, "b" if case % 2 else "a", a="two", b="three"))
        votes.append(vote(case, "b" if case % 3 else "a", a="one", b="two"))
    found = figured(votes, ("one", "two", "three"))
    headline, _detail = wording.summary(found)
    assert headline == "People prefer three to one; against two the votes do not show a preference."
    shown = page.of(Results(headline, "", found, [], votes))
    assert [name for name, _cells in shown.matrix] == [one.candidate for one in found.ranking]
    cells = {row: dict(zip([n for n, _ in shown.matrix], cells, strict=True)) for row, cells in shown.matrix}
    assert (cells["three"]["one"], cells["one"]["three"], cells["two"]["two"]) == ("100.0 %", "0.0 %", "–")


def test_criteria_are_counted_for_the_candidate_in_focus() -> None:
    votes = [vote(case, "tie", criteria={"tone": "b", "facts": "a" if case % 2 else "tie"}) for case in range(10)]
    found = {one.name: one.rate for one in figured(votes).criteria}
    assert (found["tone"].wins, found["facts"].losses, found["facts"].ties) == (10, 5, 5)


@pytest.mark.skipif(not PANDALM.exists(), reason="the data set is not here")
def test_pandalm_has_the_published_kappas_and_majorities() -> None:
    """Wang et al. (2023), PandaLM, arXiv:2306.05087: Cohen's kappa .85, .88, .86; 105 ties, 422 and 472 wins."""
    winners: list[Winner] = ["tie", "a", "b"]
    votes, names = [], set()
    for row in json.loads(PANDALM.read_text()):
        a, b = row["cmp_key"].split("_")
        names |= {a, b}
        for key in ("annotator1", "annotator2", "annotator3"):
            votes.append(vote(row["idx"], winners[row[key]], key, a, b))
    found = figured(votes, tuple(sorted(names)))
    assert [round(two.kappa.value or 0, 2) for two in found.agreement.pairwise] == [0.85, 0.88, 0.86]
    assert (found.majority["tie"], found.majority["a"], found.majority["b"]) == (105, 422, 472)


def test_simulated_rounds_are_recovered() -> None:
    """A few of the rounds of ``benchmarks/vote_simulation.py``, which runs two hundred."""
    held = vote_simulation.held(range(4), 7, vote_simulation.truths(), vote_simulation.whole)
    for figure, ones in held.items():
        assert sum(ones) / len(ones) >= 0.75, figure


def test_results_are_made_at_the_close_kept_and_read_again(
    client: TestClient, factory: Factory, run_jobs: Callable[[], None]
) -> None:
    opened = Opened(client, factory)
    _voted_apart(opened)
    assert factory.session.scalars(select(PreferenceResults)).first() is None
    run_jobs()  # the close asked for it
    factory.session.rollback()
    assert factory.session.scalars(select(PreferenceResults.payload)).one() is not None
    url = f"{opened.base}/{opened.round}/results"
    first = client.get(url, headers=opened.engineer).json()
    assert first["agreement"]["pairwise"][0]["n"] == 5
    assert first["disagreements"] == 5
    assert first["majority"]["none"] == 5
    assert {"slices", "criteria", "rationales"} <= first.keys()
    kept = factory.session.scalars(select(PreferenceResults)).one()
    assert kept.payload is not None
    kept.payload = kept.payload | {"identical_pairs": 77}
    factory.session.commit()
    assert client.get(url, headers=opened.engineer).json()["identical_pairs"] == 77
    kept.payload = None  # as after an erasure
    factory.session.commit()
    assert client.get(url, headers=opened.engineer).json() == first


def test_a_disagreement_is_settled_apart_from_the_votes(client: TestClient, factory: Factory) -> None:
    opened = Opened(client, factory)
    url = f"{opened.base}/{opened.round}/disagreements"
    assert client.get(url, headers=opened.engineer).status_code == 409
    _voted_apart(opened)
    results = client.get(f"{opened.base}/{opened.round}/results", headers=opened.engineer).json()
    queue = client.get(url, headers=opened.engineer).json()
    assert queue["waiting"] == 5
    one = queue["items"][0]
    assert {one["left"][:6], one["right"][:6]} == {"Text 0", "Text 1"}
    body = {"pair_id": one["pair_id"], "choice": "left", "note": "The left one is right"}
    assert client.post(url, json=body | {"pair_id": opened.round}, headers=opened.engineer).status_code == 404
    settled = client.post(url, json=body, headers=opened.engineer).json()
    a_is_left = one["left"].startswith("Text 0")
    assert settled["choice"] == ("a" if a_is_left else "b")
    again = client.get(url, headers=opened.engineer).json()
    assert again["waiting"] == 4
    assert again["items"][-1]["settled_side"] == "left"
    assert client.get(f"{opened.base}/{opened.round}/results", headers=opened.engineer).json() == results
    maker = opened.factory.sign_in(client, opened.owner)
    shown = maker.get(f"/p/{opened.project.slug}/rounds/{opened.round}/disagreements")
    assert "The left one is right" in shown.text
    form = {"pair_id": again["items"][0]["pair_id"], "choice": "tie"}
    assert maker.post(f"/p/{opened.project.slug}/rounds/{opened.round}/disagreements", data=form).status_code == 303
    found = maker.get(f"/p/{opened.project.slug}/rounds/{opened.round}").text
    assert "Settle 5 disagreements" in found
    assert "candidate-1" in found


def _voted_apart(opened: Opened) -> None:
    """The two reviewers prefer different candidates everywhere; then the round is closed."""
    opened.vote_all(opened.voters[0], "Text 0")
    opened.vote_all(opened.voters[1], "Text 1")
    assert opened.client.post(f"{opened.base}/{opened.round}/close", headers=opened.engineer).status_code == 200


def test_every_disagreement_is_on_some_page(
    client: TestClient, factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SHOWN", 2)
    opened = Opened(client, factory)
    _voted_apart(opened)
    url, cursor, seen = f"{opened.base}/{opened.round}/disagreements", None, []
    while True:
        found = client.get(url, params={"cursor": cursor} if cursor else {}, headers=opened.engineer).json()
        seen += [one["pair_id"] for one in found["items"]]
        if (cursor := found["next_cursor"]) is None:
            break
        last = cursor
    assert (len(seen), len(set(seen)), found["total"]) == (5, 5, 5)
    assert client.get(url, params={"cursor": "nonsense"}, headers=opened.engineer).status_code == 422
    maker = opened.factory.sign_in(client, opened.owner)
    page_url = f"/p/{opened.project.slug}/rounds/{opened.round}/disagreements"
    assert 'rel="next"' in maker.get(page_url).text
    assert 'rel="next"' not in maker.get(page_url, params={"cursor": last}).text
    form = {"pair_id": seen[-1], "choice": "tie"}
    settled = maker.post(f"{page_url}?cursor={last}", data=form, follow_redirects=False)
    assert settled.headers["location"] == f"{page_url}?cursor={last}"


def test_reasons_are_grouped_by_part_and_counted_by_choice() -> None:
    said = [vote(n, "b" if n % 3 else "a", rationale=f"Because {n}") for n in range(6)]
    labels = {str(n): [("tag", "even")] if n % 2 == 0 else [("source", "written")] for n in range(6)}
    even, rest = reasons.grouped(said, by="tag", labels=labels)
    assert (even.part, even.total, dict(even.counts)) == ("even", 3, {"base": 1, "tuned": 2})
    assert (rest.part, rest.total) == ("no tag", 3)
    (found,) = reasons.grouped(said, q="because 4")
    assert [one.text for one in found.shown] == ["Because 4"]
    assert reasons.grouped(said, q="nobody") == []
