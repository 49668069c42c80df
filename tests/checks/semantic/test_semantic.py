"""Likeness in meaning: pairs, findings, leaks that warn, similar examples; with a stand-in and with the model."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.checks.models import Finding
from app.checks.scan import run_scan
from app.checks.semantic import model, neighbours
from app.checks.semantic.models import SemanticPair, UnitEmbedding
from app.checks.semantic.service import similar, spoken
from app.datasets import service as datasets
from app.datasets import upload
from app.datasets.forms import NewTestSet
from app.examples.models import Example
from app.projects.models import Project
from tests.examples.factories import add, chat, jsonl
from tests.factories import Factory

INSTALLED = model.available()
TOPICS = ("money", "invoice", "password")


def by_topic(texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts that name the same topic are alike; a text's length turns its vector a little."""
    rows = []
    for text in texts:
        row = np.zeros(model.DIMENSIONS, dtype=np.float32)
        row[[place for place, word in enumerate(TOPICS) if word in text] or [9]] = 1.0
        row[10] = len(text) / 500
        rows.append(row / np.linalg.norm(row))
    return np.array(rows)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "available", lambda: True)
    monkeypatch.setattr(model, "embed", by_topic)


@pytest.fixture
def project(factory: Factory) -> Project:
    return factory.project(goal="tone_style")


def found(session: Session, kind: str) -> list[tuple[str, str, str]]:
    session.expire_all()
    rows = session.scalars(select(Finding).where(Finding.kind == kind, Finding.state == "open").order_by(Finding.id))
    return [(one.example_id, one.code, one.words) for one in rows]


def fill(session: Session, project: Project, *requests: str) -> list[Example]:
    made = [add(session, project, request=request) for request in requests]
    run_scan(project.id)
    return made


@pytest.mark.usefixtures("stand_in")
def test_the_same_meaning_is_told_and_forgotten_with_the_example(session: Session, project: Project) -> None:
    first, second, _ = fill(session, project, "money back please", "please give my money back", "reset the password")
    [told] = found(session, "semantic_duplicate")
    assert told[0] == second.id
    assert told[2].endswith(f"% alike in meaning to #{first.number}.")
    session.get_one(Example, first.id).status = "rejected"
    session.commit()
    run_scan(project.id)
    assert found(session, "semantic_duplicate") == []


@pytest.mark.usefixtures("stand_in")
def test_new_requests_are_compared_with_old_ones(session: Session, project: Project) -> None:
    old, _ = fill(session, project, "where is my invoice", "reset the password")
    [new] = fill(session, project, "an invoice copy, please")
    assert [(one[0], f"#{old.number}" in one[2]) for one in found(session, "semantic_duplicate")] == [(new.id, True)]
    assert set(session.scalars(select(UnitEmbedding.compared))) == {True}


@pytest.mark.usefixtures("stand_in")
def test_a_test_case_in_other_words_warns_and_does_not_block(
    session: Session, project: Project, factory: Factory
) -> None:
    made = datasets.draft(session, factory.user(), project, NewTestSet(name="Held out"))
    lines = jsonl(chat("I want my money"))
    upload.add_file(session, factory.user(), made.test_set, BytesIO(lines), "cases.jsonl", len(lines))
    [one] = fill(session, project, "send the money back")
    [(example_id, code, words)] = found(session, "leak")
    assert (example_id, code) == (one.id, "semantic")
    assert "alike in meaning to case 1 of the test set “Held out”" in words
    assert session.get_one(Example, one.id).blocked == []


@pytest.mark.usefixtures("stand_in")
def test_similar_examples_by_meaning(session: Session, project: Project) -> None:
    asked, same, _ = fill(session, project, "money back please", "I would like my money", "reset the password")
    alike = similar(session, project.id, asked.id, limit=5)
    assert [(one.example_id, one.by) for one in alike] == [(same.id, "meaning")]
    assert 0.9 < alike[0].similarity <= 1.0


def test_similar_examples_by_words_without_the_model(
    session: Session, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "embed", by_topic)  # would find them, if it were asked
    requests = ("How do I change the payment card?", "Please change the payment card of us", "Hello & | ! ( there")
    asked, same, odd = fill(session, project, *requests)
    alike = similar(session, project.id, asked.id)
    assert [(one.example_id, one.by) for one in alike] == [(same.id, "words")]
    assert similar(session, project.id, odd.id) == []
    assert session.scalars(select(SemanticPair)).all() == []


@pytest.mark.usefixtures("stand_in")
def test_vectors_of_requests_that_are_gone_are_deleted(session: Session, project: Project) -> None:
    one, _ = fill(session, project, "money back please", "the money, please")
    gone = session.get_one(Example, one.id)
    unit = gone.fingerprint_unit
    gone.deleted_at = gone.created_at
    session.commit()
    fill(session, project, "another password")
    assert unit not in set(session.scalars(select(UnitEmbedding.unit)))
    assert session.scalars(select(SemanticPair)).all() == []


def test_pairs_are_those_of_all_vectors() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(60, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = neighbours.matrix(neighbours.stored(vectors))
    close = {(one, two) for one, two, _ in neighbours.close_pairs(kept, range(60), least=0.4)}
    cosines = kept @ kept.T
    expected = {(one, two) for one in range(60) for two in range(60) if one != two and cosines[one, two] >= 0.4}
    assert close == expected
    assert neighbours.closest(kept, kept[7], 3, least=-1.0)[0][0] == 7


def test_what_is_embedded_is_what_is_asked() -> None:
    messages = [*chat("First?")["messages"], {"role": "user", "content": "Second?"}]
    assert spoken([*messages, {"role": "assistant", "content": "Yes."}]) == "First?\nI can help with that.\nSecond?"


@pytest.mark.skipif(not INSTALLED, reason="the model for likeness in meaning is not installed")
def test_the_model_knows_paraphrases_from_other_requests() -> None:
    pairs = [
        ("How can I get my money back?", "I would like a refund, how do I get it?"),
        ("I forgot my password and cannot sign in.", "I can't log in because I don't remember my password."),
        ("Where can I download my invoices?", "Where do I find my invoices to download them?"),
    ]
    vectors = model.embed([text for pair in pairs for text in pair])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    cosines = vectors @ vectors.T
    for place in range(0, 6, 2):
        others = [other for other in range(6) if other not in (place, place + 1)]
        assert cosines[place, place + 1] > 0.6 > 0.5 > max(cosines[place, others])
    assert model.embed(["word " * 5_000]).shape == (1, model.DIMENSIONS)


@pytest.mark.skipif(not INSTALLED, reason="the model for likeness in meaning is not installed")
def test_a_scan_with_the_model(session: Session, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "available", lambda: True)
    requests = (
        "Where can I download my invoices?",
        "Where do I find my invoices to download them?",
        "Reset my password",
    )
    asked, same, _ = fill(session, project, *requests)
    assert [one.example_id for one in similar(session, project.id, asked.id)] == [same.id]
    assert [one[0] for one in found(session, "semantic_duplicate")] == [same.id]
