"""When a judge agrees with people well enough to count."""

import pytest

from app.core.stats.results import Estimate
from app.evals.calibration.rules import PASS_FAIL, Pair, agreement, enough, majority, more_marks


def pairs(both_pass: int, both_fail: int, only_people: int, only_judge: int) -> list[Pair]:
    return (
        [("pass", "pass")] * both_pass
        + [("fail", "fail")] * both_fail
        + [("pass", "fail")] * only_people
        + [("fail", "pass")] * only_judge
    )


def test_what_most_people_say_counts_and_a_tie_says_nothing() -> None:
    assert majority(["pass", "fail", "pass"]) == "pass"
    assert majority(["pass", None]) == "pass"
    assert majority(["pass", "fail"]) is None
    assert majority([None]) is None


def test_kappa_is_that_of_the_textbook_table() -> None:
    # Wikipedia, "Cohen's kappa", simple example: 20 both yes, 15 both no, 5 and 10 apart: κ = 0.4
    found = agreement(pairs(20, 15, 5, 10), PASS_FAIL)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.same.value == pytest.approx(0.7)
    assert found.counts == [[20, 5], [10, 15]]


def test_the_whole_interval_must_reach_the_bound() -> None:
    good = agreement(pairs(60, 55, 2, 3), PASS_FAIL)
    assert enough(good, 0.6)[0]
    middling = agreement(pairs(32, 34, 7, 7), PASS_FAIL)
    assert middling.kappa.value is not None
    assert middling.kappa.value > 0.6
    ok, why = enough(middling, 0.6)
    assert not ok
    assert "more marks would show it" in why
    assert "must change" in enough(agreement(pairs(20, 15, 5, 10), PASS_FAIL), 0.6)[1]


def test_agreement_throughout_keeps_a_width() -> None:
    found = agreement(pairs(20, 20, 0, 0), PASS_FAIL)
    # Wilson's lower limit for 40 of 40 is 0.9124; chance agreement is one half
    assert found.kappa.low == pytest.approx((0.9124 - 0.5) / 0.5, abs=1e-3)
    assert enough(found, 0.6)[0]
    assert not enough(found, 0.9)[0]


def test_few_marks_and_marks_of_one_kind_show_nothing() -> None:
    assert "at least 30" in enough(agreement(pairs(10, 10, 0, 0), PASS_FAIL), 0.6)[1]
    assert "both kinds" in enough(agreement(pairs(40, 0, 0, 0), PASS_FAIL), 0.6)[1]
    assert not enough(agreement([], PASS_FAIL), 0.6)[0]


def test_more_marks_narrow_the_interval_by_the_root_of_their_number() -> None:
    # half a width of 0.2 must become 0.1: four times as many marks
    assert more_marks(Estimate(0.7, 0.5, 0.9, 50), 0.6) == 150
    assert more_marks(Estimate(0.5, 0.3, 0.7, 50), 0.6) is None
