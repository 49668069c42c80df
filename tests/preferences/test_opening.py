"""What a round is made of: slices, criteria, outputs that name their model, the plan on the form."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.evals.models import Output
from app.preferences import cast, voted
from app.preferences.models import Ballot, Pair, PreferenceRound, Vote
from app.preferences.ordering import order_anew
from tests.factories import Factory
from tests.preferences.factories import measured


class Opening:
    def __init__(self, client: TestClient, factory: Factory) -> None:
        self.client, self.factory, self.session = client, factory, factory.session
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.people = [factory.member(self.project, "annotator") for _ in range(2)]
        self.measured = measured(self.session, self.project, cases=8, identical=2)
        self.api = f"/api/v1/projects/{self.project.slug}/preference-rounds"
        self.url = f"/p/{self.project.slug}/rounds"
        self.runs = [run.id for run in self.measured.runs]

    def open(self, **fields: object) -> dict[str, object]:
        body = {"run_ids": self.runs} | fields
        answer = self.client.post(self.api, json=body, headers=self.factory.bearer(self.owner))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def refused(self, **fields: object) -> list[dict[str, str]]:
        body = {"run_ids": self.runs} | fields
        answer = self.client.post(self.api, json=body, headers=self.factory.bearer(self.owner))
        assert answer.status_code == 422, answer.text
        return list(answer.json()["errors"])

    def say(self, position: int, text: str) -> None:
        """What the second run answered to this case."""
        output = self.session.scalars(
            select(Output).where(Output.run_id == self.runs[1], Output.case_id == self.measured.cases[position].id)
        ).one()
        output.text = text
        self.session.commit()

    def pairs(self, round_id: object) -> list[Pair]:
        return list(self.session.scalars(select(Pair).where(Pair.round_id == round_id)))

    def ballots(self, round_id: object) -> list[Ballot]:
        return list(self.session.scalars(select(Ballot).where(Ballot.round_id == round_id)))


@pytest.fixture
def opening(client: TestClient, factory: Factory) -> Opening:
    return Opening(client, factory)


def test_a_round_keeps_what_it_was_opened_with(opening: Opening) -> None:
    made = opening.open(criteria_list=["helpful", "tone"], guideline="**Short** wins.", max_votes=9, order="adaptive")
    assert (made["criteria_list"], made["guideline"]) == (["helpful", "tone"], "**Short** wins.")
    assert (made["max_votes"], made["order"], made["slice"], made["self_naming"]) == (9, "adaptive", None, "apart")


def test_the_guideline_of_the_project_is_copied(opening: Opening) -> None:
    opening.project.guideline = "Say please."
    opening.session.commit()
    assert opening.open(project_guideline=True)["guideline"] == "Say please."


@pytest.mark.parametrize("names", [["a", "A"], ["x" * 41], [str(n) for n in range(7)], [""]])
def test_criteria_are_few_short_and_distinct(opening: Opening, names: list[str]) -> None:
    assert opening.refused(criteria_list=names)[0]["loc"].startswith("criteria_list")


def test_a_slice_takes_its_cases_only(opening: Opening) -> None:
    made = opening.open(slice={"by": "tag", "name": "even"})
    cases = {pair.case_id for pair in opening.pairs(made["id"])}
    assert cases == {case.id for case in opening.measured.cases if case.position % 2 == 0}
    assert made["slice"] == {"by": "tag", "name": "even"}
    assert opening.refused(slice={"by": "tag", "name": "refund"})[0]["loc"] == "slice"


def test_pairs_that_name_a_model_are_kept_apart_and_listed(opening: Opening) -> None:
    opening.say(3, "As ChatGPT, I think so.")
    opening.say(4, "I am secret-model-1 of OpenAI.")
    made = opening.open()
    pairs = opening.pairs(made["id"])
    assert sorted(word for pair in pairs if pair.apart for word in pair.named) == [
        "chatgpt",
        "openai",
        "secret-model-1",
    ]
    assert (len(pairs), sum(pair.identical for pair in pairs), len(opening.ballots(made["id"]))) == (8, 2, 2 * 4)
    assert not any("ChatGPT" in ballot.text_a + ballot.text_b for ballot in opening.ballots(made["id"]))
    page = opening.factory.sign_in(opening.client, opening.owner).get(f"{opening.url}/{made['id']}/apart")
    assert "secret-model-1, openai" in page.text
    voter = opening.factory.sign_in(opening.client, opening.people[0]).get(f"{opening.url}/{made['id']}/apart")
    assert voter.status_code == 403


def test_masked_and_kept_pairs_are_shown(opening: Opening) -> None:
    opening.say(3, "As ChatGPT, I think so.")
    masked = {t for b in opening.ballots(opening.open(self_naming="mask")["id"]) for t in (b.text_a, b.text_b)}
    assert "As [name], I think so." in masked
    assert "As ChatGPT, I think so." not in masked
    kept = {t for b in opening.ballots(opening.open(self_naming="keep")["id"]) for t in (b.text_a, b.text_b)}
    assert "As ChatGPT, I think so." in kept


def test_the_form_says_what_the_round_would_show(opening: Opening) -> None:
    page = opening.factory.sign_in(opening.client, opening.owner)
    query = [("run_ids", run) for run in opening.runs] + [("votes_per_pair", "2"), ("win_rate", "60"), ("ties", "20")]
    told = page.get(f"{opening.url}/new", params=query, headers={"hx-request": "true"}).text
    assert "<html" not in told
    assert "<strong>6</strong>" in told  # pairs with a vote
    assert "12" in told
    assert "probably not show" in told
    nothing = page.get(f"{opening.url}/new", headers={"hx-request": "true"}).text
    assert "Choose the runs" in nothing
    wrong = page.get(f"{opening.url}/new", params=[*query, ("ties", "95")], headers={"hx-request": "true"}).text
    assert "nobody can win" in wrong


def test_a_refused_form_loses_nothing(opening: Opening) -> None:
    page = opening.factory.sign_in(opening.client, opening.owner)
    form = {
        "run_ids": opening.runs, "criteria_list": "helpful, tone", "guideline": "Mind the tone.", "order": "adaptive",
        "reviewers": [opening.people[0].email], "votes_per_pair": "2", "self_naming": "mask", "win_rate": "55",
    }  # fmt: skip
    answer = page.post(opening.url, data=form)
    assert answer.status_code == 422
    for kept in ("helpful, tone", "Mind the tone.", 'value="55"', 'value="mask" checked', 'value="adaptive" checked'):
        assert kept in answer.text
    assert answer.text.count(" checked") >= 5  # two runs, one reviewer, two cards
    made = page.post(opening.url, data=form | {"votes_per_pair": "1"})
    assert made.status_code == 303
    round_ = opening.session.scalars(select(PreferenceRound)).one()
    assert (round_.criteria_list, round_.order, round_.self_naming) == (["helpful", "tone"], "adaptive", "mask")


def test_rounds_are_listed_by_state_and_by_who_was_asked(opening: Opening) -> None:
    first, second = opening.open(name="First")["id"], opening.open(name="Second")["id"]
    owner = opening.factory.bearer(opening.owner)
    opening.client.post(f"{opening.api}/{first}/close", headers=owner)

    def listed(query: str, who: dict[str, str]) -> list[str]:
        return [one["id"] for one in opening.client.get(f"{opening.api}?{query}", headers=who).json()["items"]]

    assert listed("", owner) == [second, first]
    assert (listed("state=open", owner), listed("state=closed", owner)) == ([second], [first])
    assert listed("mine=true", owner) == []
    assert listed("mine=true", opening.factory.bearer(opening.people[0])) == [second, first]
    page = opening.client.get(f"{opening.api}?limit=1", headers=owner).json()
    assert listed(f"limit=1&cursor={page['next_cursor']}", owner) == [first]
    signed = opening.factory.sign_in(opening.client, opening.owner)
    assert "Second" not in signed.get(f"{opening.url}?state=closed").text


def vote(opening: Opening, round_id: object, person: int, **fields: object) -> int:
    """The status of a vote on this person's next pair; 204 where they are done."""
    headers = opening.factory.bearer(opening.people[person])
    shown = opening.client.post(f"{opening.api}/{round_id}/next", headers=headers)
    if shown.status_code == 204:
        return 204
    body = {"pair_id": shown.json()["pair_id"], "choice": "left"} | fields
    return opening.client.post(f"{opening.api}/{round_id}/votes", json=body, headers=headers).status_code


def test_answers_to_criteria_are_kept_and_others_refused(opening: Opening) -> None:
    made = opening.open(criteria_list=["helpful", "tone"])
    assert vote(opening, made["id"], 0, criteria={"speed": "left"}) == 422
    assert vote(opening, made["id"], 0, criteria={"tone": "both"}) == 422
    assert vote(opening, made["id"], 0, criteria={"tone": "right", "helpful": "tie"}) == 201
    opening.session.rollback()
    assert opening.session.scalars(select(Vote.criteria)).all() == [{"tone": "right", "helpful": "tie"}]
    opening.client.post(f"{opening.api}/{made['id']}/close", headers=opening.factory.bearer(opening.owner))
    round_ = opening.session.get_one(PreferenceRound, made["id"])
    opening.session.refresh(round_)
    (cast_vote,) = cast.of_closed(opening.session, round_).votes
    assert cast_vote.criteria == {"tone": "b" if cast_vote.a_is_left else "a", "helpful": "tie"}


def test_a_round_has_enough_with_its_limit_of_votes(opening: Opening) -> None:
    made = opening.open(max_votes=3)
    assert [vote(opening, made["id"], number % 2) for number in range(5)] == [201, 201, 201, 204, 204]


def test_an_adaptive_round_draws_its_order_anew(
    opening: Opening, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Voting asks the queue for it, and the worker does it."""
    monkeypatch.setattr(voted, "WAIT_SECONDS", 0.0)
    made = opening.open(order="adaptive")
    for _ in range(5):
        assert (vote(opening, made["id"], 0), vote(opening, made["id"], 1)) == (201, 201)
    run_jobs()
    opening.session.rollback()
    opening.session.expire_all()
    round_ = opening.session.get_one(PreferenceRound, made["id"])
    assert round_.ordered_at == 10
    assert not order_anew(opening.session, round_)  # no vote since
    cast_on = set(opening.session.scalars(select(Vote.ballot_id)))
    keys = {ballot.id in cast_on: ballot.urgency for ballot in opening.ballots(made["id"])}
    assert keys[True] == 0.0
    assert keys[False] > 0.0
    assert (vote(opening, made["id"], 0), vote(opening, made["id"], 1)) == (201, 201)
