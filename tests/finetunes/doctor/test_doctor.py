"""From stored runs to the page: the finding, its cases and training examples, the next launch, and who may see it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.candidates.knowledge.models import Collection, Document, DocumentVersion
from app.evals.models import RunBlind, RunView
from app.finetunes.doctor import queries, service
from app.finetunes.doctor.packing import unpacked
from tests.factories import Factory
from tests.finetunes.doctor.examined import LESSON, patient


def states(row: Any) -> dict[str, str]:
    return {one.mode: one.state for one in unpacked(row.findings)}


def test_a_tuned_model_that_repeats_training_is_told_with_cases_examples_and_a_launch(
    factory: Factory, client: TestClient
) -> None:
    found = patient(factory)
    factory.sign_in(client, found.user)
    assert "Nothing has been examined" in client.get(found.url).text
    assert states(found.examine())["memorised"] == "found"
    page = client.get(found.url).text
    assert "Memorised: it repeats what it was trained on." in page
    assert "24 of 24 outputs repeat training answers word for word" in page
    assert f'<mark title="evidence">{LESSON[:-1]}</mark>' in page
    assert "Trained on #" in page
    assert "hyperparameters.n_epochs=10" in page
    assert f"from={found.fine_tune.id}" in page
    line = client.get(f"{found.url}/standing", headers={"hx-request": "true"}).text
    assert "Memorised: it repeats what it was trained on." in line
    launch = client.get(f"/p/{found.project.slug}/fine-tunes/new?from={found.fine_tune.id}&hyperparameters.n_epochs=10")
    assert 'value="10"' in launch.text


def test_the_verdict_page_repeats_what_was_found(factory: Factory, client: TestClient) -> None:
    found = patient(factory)
    factory.sign_in(client, found.user)
    address = f"/p/{found.project.slug}/decide?baseline={found.base.id}&candidate={found.tuned.id}"
    assert "Memorised" not in client.get(address).text
    found.examine()
    assert client.get(address).text.count("Memorised: it repeats what it was trained on.") == 2


def test_a_model_that_answers_by_itself_is_not_accused(factory: Factory) -> None:
    found = patient(factory, lambda n: f"Number {n}: look at the tracking page of the carrier.", cases=40)
    row = found.examine()
    assert states(row) == {
        "memorised": "not_found",
        "general_instructions": "cannot_tell",
        "overconfident": "cannot_tell",
        "outdated_facts": "not_found",
    }


def test_answering_where_questions_were_expected_is_told_without_a_grader_having_looked(factory: Factory) -> None:
    found = patient(factory, lambda n: f"Parcel {n} is at the shop, go there today.", behavior="clarify")
    row = found.examine()
    assert states(row)["overconfident"] == "found"
    first = next(one for one in unpacked(row.findings) if one.mode == "overconfident").rows[0]
    assert first.words.startswith("Expected to clarify, and it answers")


def test_it_is_asked_for_once_and_is_stale_after_a_newer_run(factory: Factory, session: Session) -> None:
    found = patient(factory)
    found.examine()
    assert not service.standing(session, found.fine_tune).stale
    service.run_ended(session, found.runs[1].id)
    assert queries.open_one(session, found.fine_tune.id) is None  # nothing new to look at
    newer = found.bench.run(found.tuned, [], graders=found.runs[1].graders)
    assert service.standing(session, found.fine_tune).stale
    service.run_ended(session, newer.id)
    session.commit()
    service.run_ended(session, newer.id)
    session.commit()
    waiting = queries.open_one(session, found.fine_tune.id)
    assert waiting is not None
    service.carry_out(waiting.id)
    service.carry_out(waiting.id)  # taken up again after a kill
    session.rollback()
    row = queries.last_finished(session, found.fine_tune.id)
    assert row is not None
    assert (row.id, row.basis[0]["tuned_run"]) == (waiting.id, newer.id)


def test_a_new_document_makes_it_stale(factory: Factory, session: Session) -> None:
    found = patient(factory)
    found.examine()
    collection = Collection(project_id=found.project.id, name="Prices")
    session.add(collection)
    session.flush()
    document = Document(collection_id=collection.id, name="prices.md")
    session.add(document)
    session.flush()
    version = {"dated": found.project.created_at.date(), "kind": "text", "passages": 0, "passages_sha256": "x"}
    session.add(DocumentVersion(document_id=document.id, **version))
    session.commit()
    assert service.standing(session, found.fine_tune).stale


def test_the_api_answers_the_same_and_needs_an_engineer_to_ask(factory: Factory, client: TestClient) -> None:
    found = patient(factory)
    url = f"/api/v1/projects/{found.project.slug}/fine-tunes/{found.fine_tune.id}/doctor"
    headers = factory.bearer(found.user)
    assert client.get(url, headers=headers).status_code == 404
    asked = client.post(url, headers=headers)
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    assert client.post(url, headers=headers).json()["id"] == asked.json()["id"]
    service.carry_out(asked.json()["id"])
    body = client.get(url, headers=headers).json()
    assert body["headline"].startswith("Memorised")
    first = body["findings"][0]
    assert (first["mode"], first["state"], body["stale"]) == ("memorised", "found", False)
    assert first["measures"][0]["n"] == 24
    assert first["evidence"][0]["example_ids"]
    viewer = factory.bearer(factory.member(found.project, "viewer"))
    assert client.post(url, headers=viewer).status_code == 403


def test_there_is_nothing_to_examine_before_there_is_a_model(factory: Factory, client: TestClient) -> None:
    found = patient(factory)
    found.fine_tune.candidate_id = None
    found.session.commit()
    factory.sign_in(client, found.user)
    assert "There is no tuned model yet" in client.get(found.url).text
    assert client.post(found.url).status_code == 409


@pytest.mark.parametrize("path", ["", "/standing"])
def test_to_a_voter_the_outputs_do_not_exist(factory: Factory, client: TestClient, session: Session, path: str) -> None:
    found = patient(factory)
    found.examine()
    session.add(RunBlind(run_id=found.runs[1].id, user_id=found.user.id, round_id=found.runs[1].id))
    session.commit()
    factory.sign_in(client, found.user)
    answer = client.get(found.url + path, headers={"hx-request": "true"} if path else {})
    assert "repeats what" not in answer.text
    assert answer.status_code == (200 if path else 404)


def test_who_reads_it_cannot_vote_on_those_outputs(factory: Factory, client: TestClient, session: Session) -> None:
    found = patient(factory)
    found.examine()
    factory.sign_in(client, found.user)
    client.get(found.url)
    seen = {row.run_id for row in session.query(RunView).filter(RunView.user_id == found.user.id)}
    assert seen == {run.id for run in found.runs}
