"""Suggestions: what a model may pre-fill, how it is marked in review, and what people make of it."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.annotation.assist.errors import Refused
from app.annotation.assist.models import ModelBatch, Suggestion, SuggestionOutcome
from app.annotation.models import Annotation
from app.annotation.suggestions import queries
from app.annotation.suggestions.kind import SUGGESTIONS
from app.annotation.suggestions.reading import Marks, Suggested, outcome, read
from app.core.errors import Invalid
from app.examples import service as examples
from app.examples.models import Example
from tests.annotation.assist.conftest import Bench
from tests.examples import factories
from tests.factories import Factory


def suggest(bench: Bench, answer: dict[str, Any], *chosen: Example, **fields: Any) -> ModelBatch:
    bench.double.script.default = json.dumps(answer)
    return bench.run(*chosen, kind=SUGGESTIONS, **{"wants": ["behavior", "answer"], **fields})


def test_a_suggestion_is_stored_apart_and_changes_nothing(bench: Bench) -> None:
    example = bench.example("I want my money back!", "No.", status="to_review")
    said = {"behavior": "escalate", "answer": "I hand this over.", "score": 0.9, "reason": "Money is a person's."}
    batch = suggest(bench, said, example)
    assert (batch.status, batch.made) == ("succeeded", 1)
    one = bench.session.scalars(select(Suggestion)).one()
    assert (one.behavior, one.answer, one.score, one.revision) == ("escalate", "I hand this over.", 0.9, 1)
    bench.session.refresh(example)
    assert (example.status, example.behavior, example.revision, example.answer) == ("to_review", None, 1, "No.")
    assert bench.session.scalars(select(Annotation)).all() == []


@pytest.mark.parametrize(
    ("said", "wants"),
    [
        ({"behavior": "obey"}, ["behavior"]),
        ({"label": "made up"}, ["label"]),
        ({"answer": " No. "}, ["answer"]),  # what stands there already
        ({"behavior": ["escalate"], "answer": 7}, ["behavior", "answer"]),
        ({"verdict": "approve"}, ["behavior"]),
        ({"answer": "x" * 20_001}, ["answer"]),
    ],
)
def test_what_is_not_usable_is_no_suggestion(said: dict[str, Any], wants: list[str]) -> None:
    with pytest.raises(Refused):
        read(json.dumps(said), wants, ["tax", "refund"], "No.")


def test_only_what_was_asked_for_is_taken_and_a_score_is_a_share() -> None:
    said = {"behavior": "refuse", "label": "tax", "answer": "New", "score": 7, "reason": "r" * 900}
    found = read(json.dumps(said), ["label"], ["tax"], "No.")
    assert (found.behavior, found.label, found.answer, found.score, len(found.reason)) == (None, "tax", None, None, 500)


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        (Marks("escalate", None, "I hand this over."), "accepted"),
        (Marks("escalate", None, "I hand this\r\nover."), "edited"),
        (Marks("escalate", "tax", "No."), "edited"),
        (Marks("refuse", None, "No."), "rejected"),
    ],
)
def test_what_people_make_of_it(saved: Marks, expected: str) -> None:
    assert outcome(Suggested("escalate", None, "I hand this over."), saved) == expected


def review(bench: Bench, factory: Factory, client: TestClient) -> tuple[str, str]:
    """The page of a reviewer, and where its form goes."""
    factory.sign_in(client, factory.member(bench.project, "annotator"))
    html = client.get(f"/p/{bench.project.slug}/review").text
    return html, html.partition('id="decide" action="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [({"behavior": "escalate"}, "accepted"), ({"behavior": "refuse"}, "rejected")],
)
def test_review_shows_it_as_a_suggestion_and_counts_what_came_of_it(
    bench: Bench, factory: Factory, client: TestClient, typed: dict[str, str], expected: str
) -> None:
    suggest(bench, {"behavior": "escalate", "score": 0.9}, bench.example("Money back!", "No.", status="to_review"))
    html, action = review(bench, factory, client)
    assert "Suggested by small" in html
    one = bench.session.scalars(select(Suggestion)).one()
    form = {"revision": "1", "verdict": "approve", "client_token": "t", "suggestion_id": one.id, **typed}
    assert client.post(action, data=form).status_code == 303
    bench.session.rollback()
    assert bench.session.scalars(select(SuggestionOutcome.outcome)).all() == [expected]
    (rate,) = queries.rates(bench.session, bench.project.id)
    assert (rate.model, rate.shown, rate.accepted, rate.rejected) == (
        "small",
        1,
        expected == "accepted",
        expected == "rejected",
    )
    page = client.get(f"/p/{bench.project.slug}/suggestions").text
    assert "Accepted unchanged" in page


def test_a_suggestion_for_an_older_text_is_not_shown(bench: Bench, factory: Factory, client: TestClient) -> None:
    example = bench.example("Money back!", "No.", status="to_review")
    suggest(bench, {"behavior": "escalate"}, example)
    examples.revise(bench.session, None, example, 1, messages=factories.chat("Money back!", "Yes.")["messages"])
    bench.session.commit()
    assert "Suggested by" not in review(bench, factory, client)[0]


def test_labels_are_suggested_only_where_there_are_labels(bench: Bench) -> None:
    with pytest.raises(Invalid):
        bench.start(bench.example("Hi?"), kind=SUGGESTIONS, wants=["label"])
