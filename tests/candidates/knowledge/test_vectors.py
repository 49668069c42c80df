"""Vectors: made by a provider over HTTP or by the model that runs here, paid once, and what a search makes of them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from app.candidates.knowledge import service as knowledge
from app.candidates.knowledge.embedding import service
from app.candidates.knowledge.embedding.forms import NewEmbedder
from app.candidates.knowledge.embedding.fusing import fused
from app.candidates.knowledge.embedding.models import Embedding, PassageVector
from app.candidates.knowledge.embedding.store import PURPOSE, Kept, open_store
from app.candidates.knowledge.forms import Search
from app.core.errors import Conflict
from app.erasure import service as erasure
from app.erasure.forms import NewErasure, Person
from app.gateway.models import PaidCall
from app.jobs.coming_back import LeaseLost
from tests.candidates.knowledge.conftest import Shelf
from tests.doubles.provider import Double, running
from tests.evals import factories
from tests.factories import Factory

DOCUMENTS = {
    "money.txt": b"The plan is refunded in full within a month.",
    "plans.txt": b"The plan for teams. The plan for one. Every plan has a price.",
    "hours.txt": b"Support answers customers from nine to five.",
}


@pytest.fixture
def double() -> Iterator[Double]:
    with running() as double:
        double.script.means = {"reimbursed": "refunded", "cash": "refunded"}
        yield double


@pytest.fixture
def meaning(shelf: Shelf, double: Double, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A collection of three documents with a provider's model for vectors, of which none was made."""
    monkeypatch.setattr("app.gateway.retrying.FIRST_WAIT", 0.01)
    shelf.send(DOCUMENTS)
    shelf.work()
    provider = factories.provider(shelf.session, double.base_url)
    wanted = NewEmbedder(kind="provider", provider_id=provider.id, model="small-embedder", price=0.5)
    service.choose(shelf.session, shelf.access, shelf.collection, wanted)
    shelf.session.commit()
    return shelf


def made(shelf: Shelf) -> Embedding:
    work = service.start(shelf.session, shelf.access, shelf.collection)
    shelf.session.commit()
    shelf.work()
    return fresh(shelf, work)


def fresh(shelf: Shelf, work: Embedding) -> Embedding:
    shelf.session.rollback()
    shelf.session.expire_all()
    return shelf.session.get_one(Embedding, work.id)


def calls(shelf: Shelf) -> list[PaidCall]:
    return list(shelf.session.scalars(select(PaidCall).where(PaidCall.purpose == PURPOSE).order_by(PaidCall.sent_at)))


def looked(shelf: Shelf, q: str, **fields: Any) -> knowledge.Looked:
    return knowledge.look(shelf.session, shelf.collection, Search.model_validate({"q": q} | fields))


def ask(shelf: Shelf, q: str) -> None:
    service.ask(shelf.session, shelf.access, shelf.collection, q)
    shelf.session.commit()
    shelf.work()
    shelf.session.expire_all()


def test_vectors_are_asked_for_once_through_the_ledger(meaning: Shelf, double: Double) -> None:
    missing = service.missing(meaning.session, meaning.collection)
    assert missing is not None
    assert (missing.passages, missing.texts) == (3, 3)
    work = made(meaning)
    assert (work.status, work.done, work.total) == ("succeeded", 3, 3)
    (call,) = calls(meaning)
    (request,) = double.requests
    assert request["path"] == "/v1/embeddings"
    assert request["headers"]["authorization"].startswith("Bearer ")
    assert request["call"] == call.id
    assert sorted(text.split("\n")[0] for text in request["body"]["input"]) == ["hours", "money", "plans"]
    tokens = sum(len(text.split()) for text in request["body"]["input"])
    assert call.cost == pytest.approx(tokens * 0.5 / 1_000_000)
    assert work.cost == pytest.approx(call.cost)
    assert call.cost_estimate is not None
    assert call.cost_estimate > call.cost
    with pytest.raises(Conflict, match="Every passage has its vector"):
        service.start(meaning.session, meaning.access, meaning.collection)


def test_a_question_in_other_words_is_found_by_its_meaning(meaning: Shelf, double: Double) -> None:
    made(meaning)
    asked = "Am I reimbursed?"
    before = looked(meaning, asked)
    assert (before.found, before.how, before.unasked) == ([], "words", True)
    ask(meaning, asked)
    after = looked(meaning, asked)
    assert after.how == "both"
    assert after.found[0].document == "money.txt"
    assert looked(meaning, asked, ranking="vectors").found[0].document == "money.txt"
    assert looked(meaning, asked, ranking="words").found == []
    ask(meaning, asked)
    assert len(double.requests) == 2  # passages, and the question once


def test_ranks_are_fused_as_in_the_paper() -> None:
    assert [name for name, _score in fused(["a", "b", "c"], ["b", "d"])] == ["b", "a", "d", "c"]
    assert dict(fused(["a", "b"], ["b"]))["b"] == pytest.approx(1 / 62 + 1 / 61)
    assert fused([], []) == []


def test_what_a_new_version_repeats_is_not_paid_again(meaning: Shelf, double: Double) -> None:
    made(meaning)
    meaning.add("money.txt", DOCUMENTS["money.txt"] + b"\n\n" + b"A new rule about vouchers. " * 40, "2025-01-01")
    meaning.add("money.txt", DOCUMENTS["money.txt"], "2026-01-01")
    work = made(meaning)
    assert work.status == "succeeded"
    again = [text for request in double.requests[1:] for text in request["body"]["input"]]
    assert again
    assert all("vouchers" in text for text in again)
    missing = service.missing(meaning.session, meaning.collection)
    assert missing is not None
    assert missing.passages == 0


def test_a_lost_answer_waits_for_a_person_and_is_not_sent_again_unasked(meaning: Shelf, double: Double) -> None:
    double.script.faults = {"refunded": ["cut"]}
    work = made(meaning)
    assert work.status == "needs_decision"
    assert [call.state for call in calls(meaning)] == ["unknown"]
    meaning.work()
    assert len(double.requests) == 1
    service.decide_unknown(meaning.session, meaning.access, meaning.collection, work, "resend")
    meaning.session.commit()
    meaning.work()
    assert fresh(meaning, work).status == "succeeded"
    assert [call.state for call in calls(meaning)] == ["accepted", "done"]
    assert [call.attempt for call in calls(meaning)] == [1, 2]


def test_the_loss_can_be_accepted_and_the_rest_made_later(meaning: Shelf, double: Double) -> None:
    double.script.faults = {"refunded": ["cut"]}
    work = made(meaning)
    service.decide_unknown(meaning.session, meaning.access, meaning.collection, work, "accept")
    meaning.session.commit()
    assert fresh(meaning, work).status == "cancelled"
    assert len(double.requests) == 1
    service.resume(meaning.session, meaning.access, meaning.collection, work)
    meaning.session.commit()
    meaning.work()
    assert fresh(meaning, work).status == "succeeded"


@pytest.mark.parametrize(("fault", "tries"), [("503", 2), ("429", 2), ("400", 1), ("401", 1), ("html", 1)])
def test_typed_failures(meaning: Shelf, double: Double, fault: str, tries: int) -> None:
    """What certainly was not billed is asked again; the rest says why it stopped, and goes on when told to."""
    double.script.faults = {"refunded": [fault]}
    work = made(meaning)
    assert len(double.requests) == tries
    if tries == 1:
        assert work.status == "failed"
        service.resume(meaning.session, meaning.access, meaning.collection, work)
        meaning.session.commit()
        meaning.work()
    assert fresh(meaning, work).status == "succeeded"


def test_a_budget_that_does_not_cover_the_call_stops_it_before(meaning: Shelf, double: Double) -> None:
    meaning.session.execute(
        text("insert into project_budgets (project_id, monthly_limit) values (:p, 0.000000001)"),
        {"p": meaning.project.id},
    )
    meaning.session.commit()
    work = made(meaning)
    assert work.status == "failed"
    assert "monthly budget" in (work.error or "")
    assert double.requests == []


def test_a_worker_that_was_given_up_keeps_nothing(meaning: Shelf) -> None:
    work = service.start(meaning.session, meaning.access, meaning.collection)
    meaning.session.commit()

    async def two() -> None:
        async with open_store(work.id) as old, open_store(work.id) as new:
            taken = await old.take_over()
            assert taken is not None
            await new.take_over()
            with pytest.raises(LeaseLost):
                await old.keep(taken, Kept([], [], 0), None)

    asyncio.run(two())


def test_what_a_dead_worker_had_sent_is_decided_by_a_person(meaning: Shelf) -> None:
    work = service.start(meaning.session, meaning.access, meaning.collection)
    meaning.session.commit()

    async def dies() -> None:
        async with open_store(work.id) as store:
            taken = await store.take_over()
            assert taken is not None
            await store.send(taken.embedder.provider_id or "", "an item", 0.1)

    asyncio.run(dies())
    meaning.work()
    assert fresh(meaning, work).status == "needs_decision"


def test_cancelled_before_it_began_nothing_is_sent(meaning: Shelf, double: Double) -> None:
    work = service.start(meaning.session, meaning.access, meaning.collection)
    service.cancel(meaning.session, meaning.access, meaning.collection, work)
    meaning.session.commit()
    meaning.work()
    assert fresh(meaning, work).status == "cancelled"
    assert double.requests == []


def test_erasing_a_person_takes_the_vectors_too(meaning: Shelf) -> None:
    made(meaning)
    ask(meaning, "Am I reimbursed?")
    (passage_id,) = [row.passage_id for row in looked(meaning, "refunded").found if row.document == "money.txt"]
    erase(meaning, "refunded in full")
    assert meaning.session.get(PassageVector, (passage_id, key(meaning))) is None
    assert meaning.session.execute(text("select count(*) from knowledge_questions")).scalar_one() == 0
    missing = service.missing(meaning.session, meaning.collection)
    assert missing is not None
    assert missing.passages == 0


def erase(shelf: Shelf, identifier: str) -> None:
    found = erasure.look(shelf.session, shelf.project, Person(identifiers=[identifier]))
    wanted = NewErasure(identifiers=[identifier], reason="They asked for it.", expected_count=found.total)
    erasure.erase(shelf.session, shelf.owner, shelf.project, wanted)
    shelf.session.commit()


def key(shelf: Shelf) -> str:
    from app.candidates.knowledge.embedding.embedder import Embedder

    return Embedder.of(shelf.collection.embedding or {}).key


def test_the_name_of_the_document_counts(shelf: Shelf) -> None:
    """A policy that is named after what is asked comes before one that only speaks of it."""
    shelf.send(
        {
            "refund_policy.md": b"# How it works\n\nAsk within thirty days. You get all of it.\n",
            "privacy.md": b"# Privacy\n\nAsk us what we keep of a refund request, and we will say.\n",
            **{f"other {n}.md": b"# Others\n\nAsk how long it takes. It takes long.\n" for n in range(8)},
        }
    )
    shelf.work()
    assert shelf.find("How long do I have to ask for a refund?")[0].document == "refund_policy.md"


def test_over_the_api(meaning: Shelf, client: TestClient, factory: Factory) -> None:
    base = f"/api/v1/projects/{meaning.project.slug}/collections/{meaning.collection.id}"
    headers = factory.bearer(meaning.owner)
    said = client.get(f"{base}/embedder", headers=headers).json()
    assert (said["model"], said["missing_passages"]) == ("small-embedder", 3)
    started = client.post(f"{base}/embeddings", headers=headers)
    assert started.status_code == 202, started.text
    meaning.work()
    one = client.get(f"{base}/embeddings/{started.json()['id']}", headers=headers).json()
    assert (one["status"], one["progress"], one["unknown_calls"]) == ("succeeded", {"done": 3, "total": 3}, 0)
    found = client.get(f"{base}/search?q=cash", headers=headers).json()
    assert (found["items"], found["ranking"]) == ([], "words")
    assert "no vector" in found["note"]
    client.post(f"{base}/questions", json={"q": "cash"}, headers=headers)
    meaning.work()
    found = client.get(f"{base}/search?q=cash", headers=headers).json()
    assert (found["items"][0]["document"], found["ranking"]) == ("money.txt", "both")
    off = client.put(f"{base}/embedder", json={"kind": "none"}, headers=headers).json()
    assert off["kind"] == "none"
    assert client.get(f"{base}/search?q=cash&ranking=both", headers=headers).status_code == 422


def test_on_the_page(meaning: Shelf, client: TestClient, factory: Factory) -> None:
    factory.sign_in(client, meaning.owner)
    base = f"/p/{meaning.project.slug}/knowledge/{meaning.collection.id}"
    page = client.get(base).text
    assert "for want of a vector: 3 passages." in page
    client.post(f"{base}/embeddings")
    assert "Vectors of passages" in client.get(f"{base}/embeddings", headers={"HX-Request": "true"}).text
    meaning.work()
    assert "Every passage has its vector" in client.get(base).text
    assert "Have its vector made" in client.get(f"{base}?q=cash").text
    client.post(f"{base}/questions", data={"q": "cash"})
    meaning.work()
    assert "Ranked by words and meaning" in client.get(f"{base}?q=cash").text
    wrong = client.post(f"{base}/embedder", data={"kind": "provider", "model": "x"})
    assert wrong.status_code == 422
    assert "Name the provider and its model" in wrong.text
