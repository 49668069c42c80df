"""Claims that change are found in answers; figures that the conversation gives, and plain numbers, are not."""

import math

import pytest

from app.checks.detectors.base import Setting
from app.checks.detectors.outliers import OUTLIER
from app.checks.detectors.stale.detector import STALE_FACT
from app.checks.detectors.typical import Summary, typical
from tests.checks.detectors.samples import answered, chat, codes, spans, subject


@pytest.mark.parametrize(
    ("answer", "code", "value"),
    [
        ("Team is €15 per seat and month.", "price", "€15"),
        ("The plan costs 1,240.50 USD a year.", "price", "1,240.50 USD"),
        ("Business cuesta 340 € por puesto.", "price", "340 €"),
        ("Shipping is free for orders over $50.", "price", "$50"),
        ("The offer is valid until March 31, 2026.", "date", "March 31, 2026"),
        ("Ab dem 1. January 2027 gilt das, effective 2027-01-01.", "date", "1. January 2027"),
        ("The app requires iOS 17.2 or later.", "version", "iOS 17.2"),
        ("The latest release is version 4.2.", "version", "version 4.2"),
        ("You can return it within 30 days.", "policy_period", "30 days"),
        ("Refunds take 5-7 business days.", "policy_period", "5-7 business days"),
        ("Die Lieferung dauert 3 Werktage.", "policy_period", "3 Werktage"),
        ("We are open Monday to Friday, 9 am to 5 pm.", "opening_hours", "9 am to 5 pm"),
        ("We add 20 % VAT.", "rate", "20 %"),
        ("We currently ship to twelve countries.", "current", "We currently"),
    ],
)
def test_claims_that_change(answer: str, code: str, value: str) -> None:
    found = spans(STALE_FACT, answered(answer))
    assert (code, value) in found
    assert {one for one, _ in found} == {code}


@pytest.mark.parametrize(
    "answer",
    [
        "There are 12 months in a year and 30 days in June.",
        "I had $5 in my pocket.",
        "He was born on March 14, 1879 in Ulm.",
        "Chapter 3.2 explains it, step 4 too.",
        "Add 20 % more water.",
        "The current flows from plus to minus.",
        "A person will reply soon.",
        "The train at 10:30 was late.",
        "Choose Settings > Billing > Invoices.",
    ],
)
def test_what_is_no_claim(answer: str) -> None:
    assert spans(STALE_FACT, answered(answer)) == []


def test_figures_of_the_conversation_are_not_stale() -> None:
    answer = "Yes, it costs €1,240 a month, refundable within 30 days."
    assert codes(STALE_FACT, answered(answer, "Is it 1240.00 EUR with 30 days?")) == []
    given = chat(("system", "Price: €1240. Refunds: 30 days."), ("user", "What does it cost?"), ("assistant", answer))
    assert codes(STALE_FACT, subject(given)) == []
    assert codes(STALE_FACT, answered(answer, "What does it cost?")) == ["price", "policy_period"]


def test_only_answers_that_are_trained_on() -> None:
    messages = chat(("user", "Price?"), ("assistant", "It costs $5 a month."), ("user", "?"), ("assistant", "As said."))
    assert codes(STALE_FACT, subject(messages)) == ["price"]
    messages[1]["weight"] = 0
    assert codes(STALE_FACT, subject(messages)) == []
    assert codes(STALE_FACT, answered("Yes.", "It costs $5 a month, right?")) == []


def test_a_table_is_told_three_times() -> None:
    table = "".join(f"- plan {number}: ${number}0 per month\n" for number in range(1, 9))
    assert codes(STALE_FACT, answered(table)) == ["price"] * 3


def test_lengths_far_outside_the_rest() -> None:
    usual = typical([Summary("plain", 60 + number, 200 + 4 * number) for number in range(60)])
    assert usual["answer"]["n"] == 60
    assert math.exp(usual["answer"]["center"]) == pytest.approx(318, rel=0.01)
    fair, far, tiny = answered("a" * 300, "b" * 80), answered("a" * 9_000, "b" * 80), answered("a" * 300, "b")
    assert codes(OUTLIER, fair, typical=usual) == []
    assert codes(OUTLIER, far, typical=usual) == ["answer_long"]
    assert codes(OUTLIER, tiny, typical=usual) == ["request_short"]
    [found] = OUTLIER.look(far, Setting(goal="tone_style", typical=usual))
    assert found.words == "The answer is unusually long: 9,000 characters, where the middle one has 318."


def test_too_few_examples_have_no_outliers() -> None:
    few = typical([Summary("plain", 60, 200)] * 29)
    assert codes(OUTLIER, answered("a" * 90_000), typical=few) == []
