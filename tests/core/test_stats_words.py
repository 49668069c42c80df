"""Sentences: what is claimed, what is not, and that nothing reads as zero, certain or equal when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.stats.paired import paired_difference
from app.core.stats.rates import rate
from app.core.stats.results import Estimate, PairedDifference
from app.core.stats.words import (
    Subject,
    amount,
    and_list,
    could_have_shown,
    difference_sentence,
    interval,
    p_text,
    result,
    signed,
    verdict,
)

SUBJECT = Subject("base", "Tuned", "{name} answers {result} cases correctly")


def compared(gains, losses, both=43, neither=40):
    base = [1] * both + [0] * gains + [1] * losses + [0] * neither
    candidate = [1] * both + [1] * gains + [0] * losses + [0] * neither
    return rate(base), rate(candidate), paired_difference(base, candidate)


def test_the_sentence_of_a_shown_difference():
    assert difference_sentence(SUBJECT, *compared(28, 9), shown=True) == (
        "Tuned answers 71 of 120 cases correctly, base 52: +15.8 points (95 % CI +6.2 to +25.6, p = 0.003)."
    )


def test_the_adjusted_p_stands_in_the_sentence():
    text = difference_sentence(SUBJECT, *compared(28, 9), shown=True, p_adjusted=0.0204)
    assert "p = 0.020" in text


def test_a_difference_not_shown_is_never_said_to_be_none():
    text = difference_sentence(SUBJECT, *compared(12, 10), shown=False)
    assert text.startswith("No difference shown: Tuned answers 55 of 105 cases correctly, base 53: +1.9 points")
    assert "80 % chance to show one of" in text
    assert not any(word in text.lower() for word in ("equal", "same", "identical", "no difference between"))


def test_without_data_the_sentence_says_so():
    nothing = Estimate(None, None, None, 0)
    text = difference_sentence(SUBJECT, nothing, nothing, paired_difference([], []), shown=False)
    assert text == "No difference shown: no data for Tuned and base."
    text = difference_sentence(SUBJECT, nothing, rate([1.0]), paired_difference([], []), shown=False)
    assert text == "No difference shown: no data for base."


def test_repeats_are_told_as_shares():
    assert result(Estimate(0.5917, 0.5, 0.7, 120), "share") == "59.2 % of 120"
    assert result(Estimate(71 / 120, 0.5, 0.7, 120), "share") == "71 of 120"
    assert result(Estimate(411.6, None, None, 9), "ms") == "412 ms"
    assert result(Estimate(None, None, None, 0), "ms") == "no data"


DIFFERENCE = PairedDifference(0.1, 0.02, 0.18, 0.01, 100, 0.12)


@pytest.mark.parametrize(
    ("low", "high", "p", "higher_is_better", "expected"),
    [
        (0.02, 0.18, 0.01, True, "better"),
        (0.02, 0.18, 0.01, False, "worse"),
        (-0.18, -0.02, 0.01, True, "worse"),
        (-0.18, -0.02, 0.05, False, "better"),
        (-0.02, 0.18, 0.01, True, "no_difference_shown"),
        (0.0, 0.18, 0.01, True, "no_difference_shown"),
        (0.02, 0.18, 0.051, True, "no_difference_shown"),
        (0.02, 0.18, None, True, "no_difference_shown"),
        (None, 0.18, 0.01, True, "no_difference_shown"),
    ],
)
def test_verdict_needs_the_whole_interval_and_the_adjusted_p(low, high, p, higher_is_better, expected):
    assert verdict(PairedDifference(0.1, low, high, 0.001, 100, 0.1), p, higher_is_better) == expected


def test_what_could_have_been_shown():
    assert (
        could_have_shown(DIFFERENCE)
        == "100 cases had an 80 % chance to show one of 12.0 points; a smaller one could be missed."
    )
    blind = PairedDifference(0.2, -0.4, 0.7, 1.0, 5, None)
    assert could_have_shown(blind) == "This many cases could not have shown any difference."


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.5917, "share", "59.2 %"),
        (1.0, "share", "100 %"),
        (0.99996, "share", "99.9 %"),
        (0.00001, "share", "0.1 %"),
        (0.0, "share", "0.0 %"),
        (1234.4, "ms", "1,234 ms"),
        (0.00134, "usd", "$0.0013"),
        (0.00053, "usd", "$0.00053"),
        (0.25, "usd", "$0.25"),
        (12.5, "usd", "$12.50"),
        (0.0, "usd", "$0"),
        (None, "usd", "–"),
    ],
)
def test_amounts(value, unit, expected):
    assert amount(value, unit) == expected


def test_signs_and_intervals():
    assert signed(0.1583, "share") == "+15.8 points"
    assert signed(-0.2166, "share") == "−21.7 points"
    assert signed(-0.00001, "share") == "0.0 points"
    assert signed(-44.0, "ms") == "−44 ms"
    assert signed(-0.0008, "usd") == "−$0.00080"
    assert interval(0.0631, 0.2536, "share") == "95 % CI +6.3 to +25.4"
    assert interval(None, None, "share") == ""
    assert interval(-3.0, None, "ms") == "95 % CI −3 to without limit"


@given(st.floats(0, 1))
def test_p_is_never_zero(p):
    assert p_text(p) != "p = 0.000"
    assert p_text(p).startswith(("p = ", "p < 0.001"))


def test_p_and_lists():
    assert (p_text(0.0026), p_text(0.0000001), p_text(0.72), p_text(None)) == ("p = 0.003", "p < 0.001", "p = 0.72", "")
    assert (and_list([]), and_list(["a"]), and_list(["a", "b", "c"])) == ("", "a", "a, b and c")
