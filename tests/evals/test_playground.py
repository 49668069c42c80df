"""The playground: prompts side by side, really asked, on training examples alone; a variant becomes a candidate."""

import html
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annotation.assist import runner
from app.annotation.assist.models import ModelBatchItem
from app.candidates.knowledge import service as knowledge
from app.candidates.knowledge.embedding import service as embedding
from app.candidates.knowledge.embedding.forms import NewEmbedder
from app.candidates.knowledge.forms import NewCollection
from app.candidates.knowledge.models import Collection
from app.candidates.models import Candidate
from app.core.ids import new_id
from app.evals.playground.models import PlaygroundTrial
from app.examples.models import Example
from app.gateway.models import PaidCall
from app.projects.access import Access
from tests.candidates.knowledge.conftest import Shelf
from tests.doubles.provider import Double, running
from tests.evals.factories import provider, sealed_set, start
from tests.examples import factories
from tests.factories import Factory

PRICE = {"input": 10.0, "output": 20.0}


class Bench:
    """Six approved examples, a candidate with a price, and a server that answers."""

    def __init__(
        self, session: Session, factory: Factory, client: TestClient, double: Double, work: Callable[[], None]
    ):
        self.session, self.factory, self.client, self.double, self.run_jobs = session, factory, client, double, work
        self.owner = factory.user()
        self.project = factory.project(self.owner)
        self.headers = factory.bearer(self.owner)
        self.api = f"/api/v1/projects/{self.project.slug}"
        self.page = f"/p/{self.project.slug}/candidates/playground"
        words = ("annual plan", "blue lamp", "lost parcel", "new password", "tax invoice", "garden chair")
        self.examples = [
            self.example(f"I need help with my {one}, what should I do?", f"About {one}.") for one in words
        ]
        source = provider(session, double.base_url)
        body: dict[str, Any] = {
            "name": "Base", "provider_id": source.id, "model": "small", "system_prompt": "Be kind.", "price": PRICE,
            "parameters": {"max_tokens": 50},
        }  # fmt: skip
        self.candidate = self.post("/candidates", 201, **body)
        factory.sign_in(client, self.owner)

    def example(self, request: str, answer: str = "Yes.", status: str = "approved", **fields: Any) -> Example:
        return factories.add(self.session, self.project, status=status, **factories.chat(request, answer, **fields))

    def post(self, path: str, status: int, **body: Any) -> Any:
        answer = self.client.post(f"{self.api}{path}", json=body, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def trial(self, *variants: dict[str, Any], status: int = 202, path: str = "", **more: Any) -> Any:
        body = {"candidate_id": self.candidate["id"], "variants": list(variants)} | more
        return self.post(f"/playground{path}", status, **body)

    def work(self, trial: Any) -> Any:
        self.run_jobs()
        self.session.rollback()
        return self.client.get(f"{self.api}/playground/{trial['id']}", headers=self.headers).json()

    def calls(self) -> list[PaidCall]:
        self.session.expire_all()
        return list(self.session.scalars(select(PaidCall).where(PaidCall.purpose == "playground")))


@pytest.fixture
def bench(
    session: Session,
    factory: Factory,
    client: TestClient,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bench]:
    monkeypatch.setattr("app.gateway.retrying.FIRST_WAIT", 0.01)
    monkeypatch.setattr(runner, "TAKE_OVER_SECONDS", 1.0)
    with running() as double:
        yield Bench(session, factory, client, double, run_jobs)


def sent(double: Double) -> list[list[dict[str, str]]]:
    return [request["body"]["messages"] for request in double.requests]


def test_every_prompt_is_asked_on_the_same_examples_and_counted(bench: Bench) -> None:
    bench.double.script.default = "About it."
    grader = {"type": "string_check", "name": "short", "operation": "eq", "input": "{{sample.output_text}}"}
    trial = bench.trial(
        {"system_prompt": "Be kind."}, {"system_prompt": "Be brief.", "prompt_template": "Q: {{input}}"},
        graders=[grader | {"reference": "About it."}], budget=1.0,
    )  # fmt: skip
    assert (trial["status"], trial["progress"]) == ("queued", {"done": 0, "total": 10})
    done = bench.work(trial)
    assert (done["status"], done["progress"]) == ("succeeded", {"done": 10, "total": 10})
    systems = [messages[0]["content"] for messages in sent(bench.double)]
    assert (systems.count("Be kind."), systems.count("Be brief.")) == (5, 5)
    brief = next(messages for messages in sent(bench.double) if messages[0]["content"] == "Be brief.")
    assert brief[-1]["content"].startswith("Q: I need help with my")
    assert all(request["body"]["max_tokens"] == 50 for request in bench.double.requests)
    by_variant = [{one["example_id"] for one in done["outputs"] if one["variant"] == place} for place in (0, 1)]
    assert by_variant[0] == by_variant[1]
    assert {grade["passed"] for one in done["outputs"] for grade in one["grades"]} == {True}
    assert done["cost"] == pytest.approx(sum(call.cost or 0 for call in bench.calls()))
    assert all(one["latency_ms"] > 0 and one["output_tokens"] for one in done["outputs"])


def test_the_estimate_sends_nothing_and_a_budget_below_it_is_refused(bench: Bench) -> None:
    found = bench.trial({"system_prompt": "Be kind."}, path="/estimate", status=200)
    assert found["calls"] == 5
    assert found["cost"] == pytest.approx(
        (found["input_tokens"] * 10 + found["output_tokens"] * 20) / 1_000_000, rel=1e-6
    )
    refused = bench.trial({"system_prompt": "Be kind."}, status=422, budget=found["cost"] / 2)
    assert refused["errors"][0]["loc"] == "budget"
    assert bench.double.requests == []
    assert bench.session.scalars(select(PlaygroundTrial)).all() == []


def test_test_cases_are_never_sent(bench: Bench) -> None:
    held_out = bench.examples[0]
    body = {"name": "Held out", "kind": "task", "example_ids": [held_out.id]}
    bench.post("/test-sets", 201, **body)
    refused = bench.trial({}, status=422, example_ids=[held_out.id])
    assert refused["errors"][0]["loc"] == "example_ids"
    drawn = bench.trial({}, path="/estimate", status=200)
    assert held_out.id not in drawn["example_ids"]
    assert len(drawn["example_ids"]) == 5
    assert bench.trial({}, path="/estimate", status=422, count=5, tag="nothing")["errors"][0]["loc"] == "count"


def test_worked_examples_are_shown_before_the_request_and_never_the_one_that_is_asked(bench: Bench) -> None:
    one, other = bench.examples[0], bench.examples[1]
    shown = {"system_prompt": "", "few_shot": {"example_ids": [other.id]}}
    done = bench.work(bench.trial(shown, example_ids=[one.id]))
    assert done["variants"][0]["few_shot"] == [[other.id, 1]]
    assert [message["content"] for message in sent(bench.double)[0]] == [
        "I need help with my blue lamp, what should I do?", "About blue lamp.",
        "I need help with my annual plan, what should I do?",
    ]  # fmt: skip
    refused = bench.trial(shown, status=422, example_ids=[other.id])
    assert refused["errors"][0]["loc"] == "variants.0.few_shot"
    drawn = bench.trial({"few_shot": {"k": 1}}, path="/estimate", status=200)
    assert drawn["calls"] == 5
    assert (
        bench.trial({"few_shot": {"k": 2}}, path="/estimate", status=422)["errors"][0]["loc"] == "variants.0.few_shot.k"
    )


def test_failures_are_typed_and_a_cut_answer_is_shown_as_one(bench: Bench) -> None:
    one, other = bench.examples[0], bench.examples[1]
    bench.double.script.faults = {"annual plan": ["length"], "blue lamp": ["400"]}
    done = bench.work(bench.trial({}, example_ids=[one.id, other.id]))
    cut, refused = sorted(done["outputs"], key=lambda output: output["example_id"] != one.id)
    assert (cut["state"], refused["state"]) == ("failed", "failed")
    assert "token limit" in cut["problem"]
    assert cut["text"]
    assert "scripted 400" in refused["problem"]
    assert [call.state for call in bench.calls()].count("done") == 1


def test_cancel_stops_what_was_not_sent(bench: Bench) -> None:
    trial = bench.trial({}, {"system_prompt": "Be brief."})
    assert bench.post(f"/playground/{trial['id']}/cancel", 200)["status"] == "cancelled"
    assert bench.work(trial)["status"] == "cancelled"
    assert bench.double.requests == []
    bench.post(f"/playground/{trial['id']}/resume", 202)
    assert bench.work(trial)["status"] == "succeeded"
    assert len(bench.double.requests) == 10


def test_a_variant_becomes_a_candidate_once(bench: Bench) -> None:
    variant = {"system_prompt": "Be brief.", "few_shot": {"example_ids": [bench.examples[5].id]}}
    trial = bench.trial({"system_prompt": "Be kind."}, variant, example_ids=[bench.examples[0].id])
    path = f"/playground/{trial['id']}/candidates"
    made = bench.post(path, 201, variant=1, name="Brief")
    assert (made["system_prompt"], made["model"], made["price"]) == ("Be brief.", "small", PRICE)
    assert made["parameters"] == {"max_tokens": 50}
    assert made["few_shot"] == [{"example_id": bench.examples[5].id, "revision": 1}]
    bench.post(path, 409, variant=1, name="Brief")
    bench.post(path, 422, variant=2, name="Third")
    shown = bench.client.get(f"/p/{bench.project.slug}/candidates/{made['id']}").text
    assert "system prompt and 1 worked example" in shown


def test_pages_from_the_form_to_the_candidate(bench: Bench) -> None:
    form = html.unescape(bench.client.get(f"{bench.page}/new?candidate={bench.candidate['id']}").text)
    assert "Be kind." in form
    assert "6 approved examples on the training side" in form
    numbers = f"#{bench.examples[0].number}, {bench.examples[1].number}"
    typed = {
        "candidate_id": bench.candidate["id"], "system_prompt.0": "Be kind.", "use.1": "true",
        "system_prompt.1": "Be <b>brief</b>.", "numbers": numbers,
    }  # fmt: skip
    estimated = bench.client.post(bench.page, data=typed | {"do": "estimate"})
    assert estimated.status_code == 200
    assert "for 4 calls" in estimated.text
    assert "Be &lt;b&gt;brief&lt;/b&gt;." in estimated.text
    assert bench.double.requests == []
    wrong = bench.client.post(bench.page, data=typed | {"prompt_template.1": "no input"})
    assert wrong.status_code == 422
    assert "where the request belongs" in wrong.text
    bench.double.script.default = "Go <i>there</i>."
    started = bench.client.post(bench.page, data=typed | {"do": "start"})
    assert started.status_code == 303, started.text
    url = started.headers["location"]
    assert 'hx-trigger="every 1s"' in bench.client.get(url).text
    bench.run_jobs()
    shown = bench.client.get(url).text
    assert "Go &lt;i&gt;there&lt;/i&gt;." in shown
    assert "<del>kind</del>" in shown
    assert 'hx-trigger="every 1s"' not in shown
    again = bench.client.get(f"{bench.page}/new?trial={url.rsplit('/', 1)[1]}").text
    assert numbers.replace(", ", ", #") in html.unescape(again)
    kept = bench.client.post(f"{url}/candidates", data={"variant": "1", "name": "Brief"})
    assert kept.status_code == 303
    taken = bench.client.post(f"{url}/candidates", data={"variant": "1", "name": "Brief"})
    assert taken.status_code == 422
    assert "choose another name" in taken.text


def test_spending_needs_an_engineer(bench: Bench) -> None:
    headers = bench.factory.bearer(bench.factory.member(bench.project, "annotator"))
    body = {"candidate_id": bench.candidate["id"], "variants": [{}]}
    assert bench.client.post(f"{bench.api}/playground", json=body, headers=headers).status_code == 403
    assert bench.client.get(f"{bench.api}/playground", headers=headers).status_code == 200


def test_what_a_model_said_to_an_example_is_stored_with_its_figures_alone(bench: Bench) -> None:
    bench.work(bench.trial({}, example_ids=[bench.examples[0].id]))
    row = bench.session.scalars(select(ModelBatchItem)).one()
    assert set(row.measured) == {"latency_ms", "cost", "input_tokens", "output_tokens"}


def searching(bench: Bench, collection: Collection, **retrieval: Any) -> dict[str, Any]:
    """A candidate like the bench's that searches first."""
    same = {name: bench.candidate[name] for name in ("provider_id", "model", "system_prompt", "price", "parameters")}
    wanted = {"collection_id": collection.id, "top_k": 2} | retrieval
    return bench.post("/candidates", 201, name="Searches", retrieval=wanted, **same)  # type: ignore[no-any-return]


def shelved(bench: Bench) -> Shelf:
    access = Access(bench.owner, bench.project, "engineer")
    collection = knowledge.create(bench.session, access, NewCollection(name="Policies"))
    bench.session.commit()
    shelf = Shelf(bench.session, bench.owner, bench.project, collection, bench.run_jobs)
    shelf.add("plans.txt", b"The annual plan may be left within thirty days.")
    return shelf


def test_a_candidate_that_searches_is_given_its_passages_and_they_are_shown(bench: Bench) -> None:
    shelf = shelved(bench)
    source = searching(bench, shelf.collection)
    bench.double.script.default = "Within thirty days [1]."
    grader = {"type": "groundedness", "name": "grounded"}
    one = bench.examples[0]
    trial = bench.trial(
        {"system_prompt": "Be kind."}, {"system_prompt": "Be brief."},
        candidate_id=source["id"], example_ids=[one.id], graders=[grader],
    )  # fmt: skip
    shelf.add("plans.txt", b"The annual plan may be left within sixty days.", "2025-01-01")
    done = bench.work(trial)
    assert done["status"] == "succeeded", done
    asked = [messages[-1]["content"] for messages in sent(bench.double)]
    assert len(asked) == 2
    assert all("thirty days" in text and "sixty" not in text for text in asked)
    assert [output["retrieved"][0]["document"] for output in done["outputs"]] == ["plans.txt"] * 2
    assert {grade["passed"] for output in done["outputs"] for grade in output["grades"]} == {True}
    page = bench.client.get(f"{bench.page}/{trial['id']}").text
    assert "Retrieved: 1 passage" in page
    assert "Cites [1]" in page
    kept = bench.post(f"/playground/{trial['id']}/candidates", 201, variant=1, name="Brief")
    made = bench.session.get_one(Candidate, kept["id"])
    assert made.retrieval == bench.session.get_one(Candidate, source["id"]).retrieval


def test_a_providers_vectors_of_the_examples_are_asked_for_before_the_prompts(bench: Bench) -> None:
    shelf = shelved(bench)
    wanted = NewEmbedder(kind="provider", provider_id=bench.candidate["provider_id"], model="embedder", price=0.5)
    embedding.choose(bench.session, shelf.access, shelf.collection, wanted)
    embedding.start(bench.session, shelf.access, shelf.collection)
    bench.session.commit()
    bench.run_jobs()
    bench.session.expire_all()
    bench.double.requests.clear()
    source = searching(bench, shelf.collection)
    assert source["retrieval"]["ranking"] == "both"
    trial = bench.trial({}, candidate_id=source["id"], example_ids=[bench.examples[0].id])
    assert bench.double.requests == []
    assert bench.work(trial)["status"] == "succeeded"
    assert [one["path"] for one in bench.double.requests] == ["/v1/embeddings", "/v1/chat/completions"]


JUDGE = {
    "type": "score_model", "name": "kind", "model": "judge-steady", "range": [1, 5], "pass_threshold": 2,
    "input": [{"role": "user", "content": "Rate: {{sample.output_text}}"}], "price": {"input": 1.0, "output": 2.0},
}  # fmt: skip


def judged(bench: Bench) -> Any:
    bench.double.script.judges["judge-steady"] = "steady"
    definition = JUDGE | {"provider": bench.candidate["provider_id"]}
    return bench.trial({}, example_ids=[one.id for one in bench.examples[:2]], graders=[definition])


def test_judges_are_asked_once_somebody_agreed_to_the_price(bench: Bench) -> None:
    trial = judged(bench)
    path = f"/playground/{trial['id']}"
    bench.post(f"{path}/judging", 409)
    done = bench.work(trial)
    assert (done["judging"]["status"], done["judging"]["calls"]) == ("", 2)
    assert len(bench.double.requests) == 2
    assert "2 calls, at most about $" in bench.client.get(f"{bench.page}/{trial['id']}").text
    bench.post(f"{path}/judging", 202)
    done = bench.work(trial)
    assert (done["judging"]["status"], done["judging"]["calls"]) == ("succeeded", 0)
    assert len(bench.double.requests) == 4
    assert done["judging"]["cost"] > 0
    assert all(grade["score"] is not None for one in done["outputs"] for grade in one["grades"])
    bench.post(f"{path}/judging", 409)
    assert "Judging cost $" in bench.client.get(f"{bench.page}/{trial['id']}").text


def test_a_lost_verdict_is_decided_by_a_person(bench: Bench) -> None:
    trial = judged(bench)
    bench.work(trial)
    path = f"/playground/{trial['id']}/judging"
    bench.post(path, 202)
    call = bench.session.scalars(select(PaidCall).where(PaidCall.purpose == "playground_judge")).first()
    assert call is not None
    call.state, call.worker = "sent", "a worker that is gone"
    bench.session.commit()
    assert bench.work(trial)["judging"]["unknown_calls"] == 1
    assert "no verdict was stored" in bench.client.get(f"{bench.page}/{trial['id']}").text
    bench.post(f"{path}/unknown-calls", 202, action="resend")
    done = bench.work(trial)
    assert done["judging"]["unknown_calls"] == 0
    assert all(grade["score"] is not None for one in done["outputs"] for grade in one["grades"])


def test_the_estimate_counts_judges_and_a_judge_of_pairs_is_refused(bench: Bench) -> None:
    definition = JUDGE | {"provider": bench.candidate["provider_id"]}
    found = bench.trial({}, {"system_prompt": "x"}, path="/estimate", status=200, graders=[definition])
    assert found["judge_calls"] == 10
    assert found["judge_cost"] > 0
    pairs = {"type": "pairwise_model", "name": "better", "model": "judge-steady", "against": new_id(), "criteria": "x"}
    pairs |= {"provider": bench.candidate["provider_id"]}
    assert bench.trial({}, status=422, graders=[pairs])["errors"][0]["loc"] == "graders"
    assert bench.trial({}, status=422, graders_of=new_id())["errors"][0]["loc"] == "graders_of"


def test_the_graders_of_a_test_sets_newest_run(bench: Bench) -> None:
    user = bench.owner
    candidate = bench.session.get_one(Candidate, bench.candidate["id"])
    test_set = sealed_set(bench.session, bench.project, 1)
    start(bench.session, user, bench.project, candidate, test_set)
    bench.session.commit()
    bench.run_jobs()
    trial = bench.trial({}, example_ids=[bench.examples[0].id], graders_of=test_set.id)
    done = bench.work(trial)
    assert [grade["grader"] for grade in done["outputs"][0]["grades"]] == ["label"]
    form = bench.client.get(f"{bench.page}/new").text
    assert f'<option value="{test_set.id}"' in form
