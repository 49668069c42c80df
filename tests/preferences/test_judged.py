"""A model judge beside people: both orders, paid by the ledger, shown after the close, apart from the votes."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.evals.models import Output
from app.evals.runner.store import Step
from app.gateway.models import PaidCall
from app.jobs.coming_back import LeaseLost, StillHeld
from app.preferences.judged.rules import Said, majority
from app.preferences.judged.store import open_store
from app.preferences.judged.working import run_judge
from tests.doubles.provider import Double, running
from tests.evals import factories as evals
from tests.factories import Factory
from tests.preferences.factories import measured
from tests.preferences.imported_factory import ImportRound, vote


def test_only_what_holds_in_both_orders_counts() -> None:
    assert (Said("A", "B").verdict, Said("B", "A").verdict, Said("tie", "tie").verdict) == ("a", "b", "tie")
    assert (Said("A", "A").verdict, Said("A", "A").consistent) == ("tie", False)
    assert (majority(["a", "a", "b"]), majority(["a", "b"]), majority(["tie"])) == ("a", "tie", "tie")


class Judged:
    """A round of six pairs; the second run's outputs are good for the first four cases."""

    def __init__(self, client: TestClient, factory: Factory, double: Double, run_jobs: Callable[[], None]) -> None:
        self.client, self.factory, self.double, self.work = client, factory, double, run_jobs
        session = factory.session
        self.provider = evals.provider(session, double.base_url)
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.person = factory.member(self.project, "annotator")
        self.engineer, self.voter = factory.bearer(self.owner), factory.bearer(self.person)
        runs = measured(session, self.project, cases=6)
        for case in runs.cases[:4]:
            query = select(Output).where(Output.run_id == runs.runs[1].id, Output.case_id == case.id)
            session.scalars(query).one().text = f"good {case.position}"
        session.commit()
        self.base = f"/api/v1/projects/{self.project.slug}/preference-rounds"
        body = {"run_ids": [run.id for run in runs.runs], "votes_per_pair": 1}
        self.round = client.post(self.base, json=body, headers=self.engineer).json()["id"]
        self.judges = f"{self.base}/{self.round}/judges"

    def ask(self, kind: str, **fields: object) -> dict[str, object]:
        self.double.script.judges[f"judge-{kind}"] = kind
        body = {"model": f"judge-{kind}", "provider": self.provider.id} | fields
        answer = self.client.post(self.judges, json=body, headers=self.engineer)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def found(self, judge: object) -> dict[str, object]:
        answer = self.client.get(f"{self.judges}/{judge}", headers=self.engineer)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def vote_and_close(self) -> None:
        """Every vote for the output that is good, a tie where none is."""
        while (shown := self.client.post(f"{self.base}/{self.round}/next", headers=self.voter)).status_code == 200:
            pair = shown.json()
            good = [side for side in ("left", "right") if pair[side].startswith("good")]
            vote = {"pair_id": pair["pair_id"], "choice": good[0] if good else "tie"}
            assert self.client.post(f"{self.base}/{self.round}/votes", json=vote, headers=self.voter).is_success
        assert self.client.post(f"{self.base}/{self.round}/close", headers=self.engineer).status_code == 200


@pytest.fixture
def judged(client: TestClient, factory: Factory, run_jobs: Callable[[], None]) -> "object":
    with running() as double:
        yield Judged(client, factory, double, run_jobs)


def test_a_steady_judge_agrees_and_says_so_only_after_the_close(judged: Judged) -> None:
    made = judged.ask("steady", price={"input": 1, "output": 1})
    assert made["progress"] == {"done": 0, "total": 12}
    judged.work()
    told = judged.found(made["id"])
    assert (told["status"], told["progress"], told["results"]) == ("succeeded", {"done": 12, "total": 12}, None)
    assert 0 < float(str(told["cost"])) <= float(str(told["estimate"]))
    assert judged.client.get(judged.judges, headers=judged.voter).status_code == 404
    judged.vote_and_close()
    results = judged.found(made["id"])["results"]
    assert isinstance(results, dict)
    (rate,) = results["win_rates"]
    assert (rate["candidate"], rate["wins"], rate["ties"], rate["losses"]) == ("candidate-1", 4, 2, 0)
    assert results["order_consistency"]["value"] == 1.0
    assert results["agreement"]["majority"]["percent"]["value"] == 1.0
    assert results["agreement"]["majority"]["kappa"]["value"] == pytest.approx(1.0)
    assert [one["who"] for one in results["agreement"]["reviewers"]] == [judged.person.name]
    human = judged.client.get(f"{judged.base}/{judged.round}/results", headers=judged.engineer).json()
    assert human["votes"] == 6
    page = judged.factory.sign_in(judged.client, judged.owner)
    html = page.get(f"/p/{judged.project.slug}/rounds/{judged.round}/judges").text
    assert "judge-steady" in html
    assert "Majority of people" in html


def test_a_judge_that_likes_the_first_place_is_no_judge(judged: Judged) -> None:
    made = judged.ask("first")
    judged.work()
    judged.vote_and_close()
    results = judged.found(made["id"])["results"]
    assert isinstance(results, dict)
    assert (results["win_rates"][0]["ties"], results["order_consistency"]["value"]) == (6, 0.0)
    assert results["first_preferred"]["value"] == 1.0


def test_a_budget_pauses_a_judge_and_it_goes_on_where_it_stopped(judged: Judged) -> None:
    made = judged.ask("steady", price={"input": 1000, "output": 1000}, budget=1.0)
    judged.work()
    paused = judged.found(made["id"])
    assert (paused["status"], paused["progress"]["done"] < 12) == ("paused", True)  # type: ignore[index]
    session = judged.factory.session
    session.rollback()
    sent = session.scalars(select(PaidCall).where(PaidCall.subject_id == str(made["id"]))).all()
    assert {call.state for call in sent} <= {"planned", "done"}
    again = judged.client.post(f"{judged.judges}/{made['id']}/resume", headers=judged.engineer)
    assert again.json()["status"] == "queued"
    cancelled = judged.client.post(f"{judged.judges}/{made['id']}/cancel", headers=judged.engineer)
    assert cancelled.json()["status"] == "cancelled"


def test_a_judge_needs_a_provider_that_is_there(judged: Judged) -> None:
    answer = judged.client.post(judged.judges, json={"model": "x", "provider": "nobody"}, headers=judged.engineer)
    assert answer.status_code == 422
    page = judged.factory.sign_in(judged.client, judged.owner)
    form = page.post(f"/p/{judged.project.slug}/rounds/{judged.round}/judges", data={"model": "none-such"})
    assert form.status_code == 422
    assert 'value="none-such"' in form.text


def test_what_a_dead_worker_had_sent_is_not_sent_again(judged: Judged) -> None:
    """It dies with two calls under way; the next one sends the other ten, once each, and it can write no more."""
    made = str(judged.ask("steady", price={"input": 1, "output": 1})["id"])

    async def die() -> None:
        async with open_store(made) as dead:
            assert await dead.take_over() == "taken"
            calls = await dead.planned()
            assert all(one.may_send for one in await dead.write([Step(None, call) for call in calls[:2]]))
            await dead.connection.execute("update round_judges set lease_expires_at = now() - interval '1 second'")
            await asyncio.to_thread(judged.work)
            with pytest.raises(LeaseLost):
                await dead.write([Step(None, calls[0])])
            assert not await dead.end("failed", "by the dead one")

    asyncio.run(die())
    told = judged.found(made)
    assert (told["status"], told["progress"]) == ("succeeded", {"done": 10, "total": 12})
    assert len(judged.double.requests) == 10
    session = judged.factory.session
    calls = session.scalars(select(PaidCall).where(PaidCall.subject_id == made)).all()
    assert Counter(call.state for call in calls) == {"done": 10, "unknown": 2}
    judged.vote_and_close()
    results = judged.found(made)["results"]
    assert isinstance(results, dict)
    assert results["pairs"] == 5  # both calls of one pair: it is left out


def test_a_judge_that_somebody_works_on_is_left_alone(judged: Judged) -> None:
    made = str(judged.ask("steady")["id"])

    async def held() -> None:
        async with open_store(made) as store:
            await store.take_over()
            with pytest.raises(StillHeld):
                await run_judge(made)

    asyncio.run(held())
    assert judged.double.requests == []


def came(number: int, **fields: object) -> dict[str, object]:
    outputs = {"output_a": f"poor {number}", "output_b": f"good {number}"}
    return vote(prompt=f"Question {number}?", **outputs | fields)


def test_imported_votes_have_judges_beside_them(judged: Judged) -> None:
    """Two people on three pairs, one of them in the other order; a pair without outputs is left out."""
    client, owner, project = judged.client, judged.owner, judged.project
    round_ = ImportRound(client, judged.factory, project, owner)
    turned = {"candidate_a": "tuned", "candidate_b": "base", "output_a": "good 2", "output_b": "poor 2"}
    ana = [came(0, winner="b"), came(1, winner="b"), came(2, winner="a", **turned)]
    ben = [came(0, winner="b", reviewer="Ben"), came(1, winner="a", reviewer="Ben")]
    assert round_.send(*ana, *ben, vote(prompt="Without?")).json()["votes"] == 6
    judged.judges = f"{round_.url}/judges"
    judged.double.script.judges["judge-steady"] = "steady"
    body = {"model": "judge-steady", "provider": judged.provider.id}
    assert client.post(judged.judges, json=body, headers=judged.engineer).status_code == 409
    before = round_.results()
    made = judged.ask("steady", price={"input": 1, "output": 1})
    assert made["progress"] == {"done": 0, "total": 6}
    judged.work()
    told = judged.found(made["id"])
    assert (told["status"], told["progress"]) == ("succeeded", {"done": 6, "total": 6})
    results = told["results"]
    assert isinstance(results, dict)
    (rate,) = results["win_rates"]
    assert (rate["candidate"], rate["wins"], rate["ties"], rate["losses"]) == ("tuned", 3, 0, 0)
    assert (results["pairs"], results["order_consistency"]["value"]) == (3, 1.0)
    agreeing = {one["who"]: (one["percent"]["value"], one["percent"]["n"]) for one in results["agreement"]["reviewers"]}
    assert agreeing == {"Ana": (1.0, 3), "Ben": (0.5, 2)}
    assert results["agreement"]["majority"]["percent"]["value"] == pytest.approx(2 / 3)  # a draw is a tie
    assert round_.get("results").json() == before
    page = judged.factory.sign_in(client, owner)
    assert f"{round_.page}/judges" in page.get(round_.page).text
    html = page.get(f"{round_.page}/judges").text
    assert ("judge-steady" in html, "Agrees: Ben" in html) == (True, True)


def test_a_judge_is_not_asked_about_votes_without_outputs(judged: Judged) -> None:
    round_ = ImportRound(judged.client, judged.factory, judged.project, judged.owner)
    round_.send(vote())
    page = judged.factory.sign_in(judged.client, judged.owner)
    assert "once the round is closed" in page.get(f"{round_.page}/judges").text
    round_.post("close")
    answer = page.post(f"{round_.page}/judges", data={"model": "judge-steady"})
    assert answer.status_code == 422
    assert "came with both outputs" in answer.text
