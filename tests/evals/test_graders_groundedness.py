"""Claims that the sources support, claims that they do not, and what is no claim at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evals.graders import Sample, case_item, grade, parse_spec

CONTEXT = (
    "Refunds are paid within 14 days. Larkstead GmbH was founded in March 2019 by Ana Costa in Berlin. The annual plan "
    "costs $1,200. Gift cards are not refundable. Form INV-100 applies from 2024-03-05. "
    "Write to help@larkstead.example."
)
QUESTION = {"role": "user", "content": "When do I get my money back?"}


def check(output, context=CONTEXT, case=None, **more):
    item = case_item(case or {"messages": [QUESTION], "metadata": {"context": context}})
    return grade(parse_spec({"type": "groundedness", **more}), item, Sample(output))


def test_it_feeds_the_hallucination_rate_and_survives_its_snapshot():
    spec = parse_spec({"type": "groundedness"})
    assert (spec.metric, spec.pass_threshold) == ("hallucination_rate", 1.0)
    assert parse_spec(json.loads(json.dumps(spec.snapshot()))) == spec


@pytest.mark.parametrize(
    "output",
    [
        "Refunds are paid within fourteen days.",
        "We pay a refund within 14 days.",
        "The annual plan costs 1200 dollars.",
        "Gift cards aren't refundable.",
        "Larkstead was founded in 2019 in Berlin.",
        "The form applies from March 5, 2024.",
        "The form applies from the 5th of March.",
        "Write to help@larkstead.example.",
        "1. Refunds are paid within 14 days.\n2. Gift cards are not refundable.",
        "Thanks for your message! I'm sorry, I can't help with that. Let me know if you have other questions.",
        "Which invoice do you mean?",
    ],
)
def test_what_stands_on_the_sources_passes(output):
    result = check(output)
    assert result.passed, result.reason


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("Refunds are paid within 30 days.", "number “30” is in no source"),
        ("Refunds are paid within thirty days.", "number “thirty” is in no source"),
        ("The annual plan costs $1,250.", "number “1,250” is in no source"),
        ("The form applies from March 6, 2024.", "date “March 6, 2024” is in no source"),
        ("Larkstead was founded by Ben Costa in Berlin.", "name “Ben Costa” is in no source"),
        ("Form INV-101 applies.", "code “INV-101” is in no source"),
        ("Write to sales@larkstead.example.", "address “sales@larkstead.example” is in no source"),
        ("Gift cards are refundable.", "a source says otherwise: “Gift cards are not refundable.”"),
        ("Refunds are never paid within 14 days.", "a source says otherwise: “Refunds are paid within 14 days.”"),
        ("Bicycles shine brightly on the harbour.", "0 of its 4 words are in a source"),
    ],
)
def test_what_does_not_fails_and_says_why(output, why):
    result = check(output)
    assert (result.score, result.passed) == (0.0, False)
    assert why in result.reason


def test_each_unsupported_claim_has_its_place():
    output = "Refunds are paid within 14 days.\n- Gift cards are refundable. We were founded by Zoe Quill in 2031."
    result = check(output)
    assert result.score == pytest.approx(1 / 3)
    unsupported = result.detail["unsupported"]
    assert [output[one["start"] : one["end"]] for one in unsupported] == [
        "Gift cards are refundable.",
        "We were founded by Zoe Quill in 2031.",
    ]
    assert unsupported[1]["why"] == "name “Zoe Quill” is in no source; number “2031” is in no source"


def test_the_sources_are_the_input_the_context_and_the_reference():
    case = {
        "messages": [{"role": "system", "content": "We close at 18:30."}, QUESTION],
        "expected": {"text": "In 7 days."},
    }
    for output in ("We close at 18:30.", "You get your money back in 7 days."):
        assert check(output, case=case).passed
    assert check("You get your money back in 7 days.", case=case, sources=["input"]).passed is False
    more = {**case, "metadata": {"article": "Shops close at 20:00."}}
    assert check("Shops close at 20:00.", case=more).passed is False
    assert check("Shops close at 20:00.", case=more, more=["{{item.article}}"]).passed


def test_a_case_without_sources_is_not_gradable_however_the_output_came_out():
    spec, item = parse_spec({"type": "groundedness", "sources": ["context"]}), case_item({"messages": [QUESTION]})
    for sample in (Sample("14 days."), Sample(None, problem="cut off")):
        assert grade(spec, item, sample).passed is None


def test_coverage_is_the_share_of_words_that_must_be_known():
    output = "Refunds are usually paid quickly by our cheerful accountants."
    assert check(output).passed is False
    assert check(output, coverage=0.2).passed


def test_what_it_cannot_see():
    """Its limits: other words for the same, and the source's own words in another order."""
    assert check("You receive reimbursement after a fortnight.").passed is False
    assert check("Ana Costa was founded by Larkstead in Berlin.").passed


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_makes_it_raise_and_spans_are_those_of_the_claims(output, context):
    result = check(output, context)
    assert result.passed in (True, False)
    json.dumps(result.detail).encode()
    for one in result.detail.get("unsupported", []):
        assert output[one["start"] : one["end"]].startswith(one["text"][:300])
