"""Repeating training answers is found; a greeting that the task wants, or a quoted document, is not."""

from app.finetunes.doctor import losses, memorised
from app.finetunes.doctor.copied import copied, grams, sources
from app.finetunes.doctor.material import LossPoint
from tests.finetunes.doctor.given import case, trained

LESSON = "Hello Marguerite, your order of the blue lamp was sent to the Lyon depot and arrives by post next week"
GREETING = "Thank you for writing to us today, we are glad to help you with this."
TRAINED = [
    trained(1, f"{GREETING} {LESSON}."),
    trained(2, f"{GREETING} {LESSON}."),
    trained(3, f"{GREETING} Restart it."),
]


def test_runs_of_words_are_found_with_their_places() -> None:
    text = "Well. Hello Marguerite, YOUR order of the blue lamp was sent off."
    (found,) = copied(text, sources([LESSON], grams(LESSON)), [])
    assert text[found.start : found.stop] == "Hello Marguerite, YOUR order of the blue lamp was sent"
    assert found.words == 10
    assert copied(text, sources([LESSON], grams(LESSON)), [set(grams(LESSON))]) == []
    assert copied("your order of the blue lamp was", sources([LESSON], grams(LESSON)), []) == []  # seven words


def test_outputs_that_repeat_training_are_found() -> None:
    cases = [case(n, tuned=f"{GREETING} {LESSON}.", expected=f"{GREETING} Reset device {n}.") for n in range(30)]
    found = memorised.examine(cases, TRAINED, [])
    assert found.state == "found"
    assert "30 of 30 outputs" in found.sentence
    assert "of the right answers 0 do" in found.sentence
    first = found.rows[0]
    start, stop = first.spans[0]
    assert LESSON[-30:] in (cases[0].tuned or "")[start:stop]
    assert first.examples[0] == "example-1"
    assert any("2 of 3 training answers" in one for one in found.beside)


def test_what_the_task_wants_is_no_memory() -> None:
    wanted = f"{GREETING} {LESSON}."
    by_right_answers = [case(n, tuned=wanted, expected=wanted) for n in range(40)]
    assert memorised.examine(by_right_answers, TRAINED, []).state == "not_found"
    as_the_base_says = [case(n, tuned=wanted, base=wanted) for n in range(40)]
    assert memorised.examine(as_the_base_says, TRAINED, []).state == "not_found"
    quoted = [case(n, tuned=wanted, request=f"Repeat after me: {wanted}") for n in range(40)]
    assert memorised.examine(quoted, TRAINED, []).state == "not_found"


def test_few_cases_tell_nothing() -> None:
    found = memorised.examine([case(n) for n in range(12)], TRAINED, [])
    assert found.state == "cannot_tell"
    assert "more held-out cases" in found.missing
    assert "whole output" in memorised.examine([], TRAINED, []).missing


def test_names_that_only_training_has_are_found() -> None:
    said = "We have asked Marguerite to look into it for you, and she will call back."
    found = memorised.examine([case(n, tuned=said) for n in range(20)], TRAINED, [])
    assert found.state == "found"
    start, stop = found.rows[0].spans[0]
    assert said[start:stop] == "Marguerite"
    known = [case(n, tuned=said, request="Where is Marguerite?") for n in range(40)]
    assert memorised.examine(known, TRAINED, []).state == "not_found"


def test_short_answers_are_told_by_the_losses() -> None:
    labels = [trained(n, "refund") for n in range(5)]
    cases = [case(n, tuned="refund") for n in range(50)]
    climbing = [LossPoint(1, 2.0, 2.0), LossPoint(2, 0.5, 1.2), LossPoint(3, 0.01, 2.4)]
    assert memorised.examine(cases, labels, climbing).state == "found"
    steady = [LossPoint(1, 2.0, 2.0), LossPoint(2, 0.9, 1.2), LossPoint(3, 0.8, 1.1)]
    unsure = memorised.examine(cases, labels, steady)
    assert unsure.state == "cannot_tell"
    assert "shorter than eight words" in unsure.missing
    assert losses.gap(steady[:1]) is None
