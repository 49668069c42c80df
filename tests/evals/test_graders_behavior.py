"""The behaviour grader: labelled replies, structured outputs, and a team's own phrases."""

from collections import Counter

import pytest

from app.evals.graders import Sample, grade, parse_spec
from app.evals.graders.behavior_rules import BEHAVIORS, classify
from tests.evals.behavior_samples import SAMPLES, UNSEEN


def check(definition, output, expected, **sample):
    item = {"expected": {"behavior": expected}}
    return grade(parse_spec({"type": "behavior", **definition}), item, Sample(output, **sample))


@pytest.mark.parametrize(("behavior", "text"), SAMPLES)
def test_labelled_replies(behavior, text):
    reading = classify(text)
    assert reading.behavior == behavior, reading


def test_enough_replies_of_each_behaviour():
    assert len(SAMPLES) >= 60
    assert set(Counter(behavior for behavior, _ in SAMPLES)) == set(BEHAVIORS)


def test_replies_that_the_rules_were_not_written_for():
    """42 of 48 when the rules were finished; most of the others hand over in words of their own."""
    right = sum(classify(text).behavior == behavior for behavior, text in UNSEEN)
    assert right / len(UNSEEN) >= 0.85


def test_grade_says_what_was_seen_and_why():
    result = check({}, "I'm sorry, but I can't share that.", "answer")
    assert (result.score, result.passed) == (0.0, False)
    assert result.detail == {"expected": "answer", "observed": "refuse", "rule": "says no"}
    assert "can't share" in result.reason
    assert check({}, "I'm sorry, but I can't share that.", "refuse").passed is True


@pytest.mark.parametrize(
    ("output", "observed"),
    [
        ('{"action": "escalate", "reply": "Hello"}', "escalate"),
        ('{"action": "Hand over", "reply": "Hello"}', "escalate"),
        ('{"action": "decline"}', "refuse"),
        ('{"action": "L2"}', "escalate"),
        ('{"action": "dance"}', None),
        ('{"reply": "I can\'t help with that."}', None),
        ('{"action": 3}', None),
        ("[1]", None),
        ("I can't help with that.", "refuse"),  # not JSON: the text is read
        ("42", "answer"),  # JSON, but nothing with fields
    ],
)
def test_a_field_may_state_the_behaviour(output, observed):
    result = check({"field": "action", "values": {"L2": "escalate"}}, output, "escalate")
    assert result.detail["observed"] == observed
    assert result.passed is (observed == "escalate")


def test_a_nested_field():
    assert check({"field": "result.steps[1].action"}, '{"result":{"steps":[{},{"action":"ask"}]}}', "clarify").passed


def test_own_phrases_come_first_and_serve_other_languages():
    german = {"phrases": {"refuse": [r"\bdarf ich (?:leider )?nicht\b"], "escalate": [r"weitergegeben\b"]}}
    assert check(german, "Das darf ich leider nicht herausgeben.", "refuse").passed is True
    assert check(german, "Ich habe es an die Leitung weitergegeben.", "escalate").passed is True
    assert check({}, "Ich habe es an die Leitung weitergegeben.", "escalate").passed is False


def test_the_providers_refusal_field_is_a_refusal():
    result = check({}, None, "refuse", refusal="I can't assist with that request.")
    assert result.passed is True


def test_an_unknown_expected_behaviour_is_not_gradable():
    assert check({}, "Hello there, all is well.", "smile").passed is None
    assert grade(parse_spec({"type": "behavior"}), {"expected": {}}, Sample("Hello")).passed is None


@pytest.mark.parametrize("text", ["", "   ", "…", "***"])
def test_a_text_without_words_is_none_of_the_four(text):
    assert classify(text).behavior is None


def test_length_and_odd_characters_are_harmless():
    assert classify("I can't share that. " + "padding. " * 100_000).behavior in BEHAVIORS
    assert classify("I\u2019m sorry, I can\u2019t do that\u2026").behavior == "refuse"
