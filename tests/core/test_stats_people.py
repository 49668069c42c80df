"""Agreement and preference: published values, evalica, exact forms, symmetry."""

import math

import evalica
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from app.core.stats.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha, percent_agreement
from app.core.stats.paired import paired_difference
from app.core.stats.preference import Vote, bradley_terry, self_consistency, side_bias, tie_rate, win_rate

NONE = None


def rng(seed=0):
    return np.random.default_rng(seed)


def test_cohen_published_example():
    # the grant-proposal table: 20 both yes, 5 yes/no, 10 no/yes, 15 both no: kappa 0.4
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    kappa = cohen_kappa(first, second)
    assert kappa.value == pytest.approx(0.4)
    assert kappa.n == 50
    # asymptotic standard error of Fleiss, Cohen & Everitt (1969) is about 0.13
    assert (kappa.low, kappa.high) == pytest.approx((0.15, 0.65), abs=0.05)


FLEISS_1971 = [  # ten subjects, fourteen raters, five categories: kappa 0.210
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip


def test_fleiss_published_example():
    ratings = [[label for label, count in enumerate(row) for _ in range(count)] for row in FLEISS_1971]
    kappa = fleiss_kappa(ratings)
    assert kappa.value == pytest.approx(0.210, abs=5e-4)
    assert kappa.low < 0.210 < kappa.high
    assert percent_agreement(ratings).value == pytest.approx(0.378, abs=5e-4)


def test_fleiss_uses_the_commonest_number_of_ratings():
    even = [["a", "a", "b"], ["b", "b", "b"], ["a", "a", "a"], ["a", "b", "b"]]
    uneven = [*even, ["a", "b", NONE], ["b", NONE, NONE]]
    assert fleiss_kappa(uneven).value == pytest.approx(fleiss_kappa(even).value)
    assert fleiss_kappa(uneven).n == 4


KRIPPENDORFF = [  # four observers, twelve units, missing ratings: nominal alpha 0.743 in the textbook
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]


def test_krippendorff_textbook_example():
    units = list(zip(*KRIPPENDORFF, strict=True))
    alpha = krippendorff_alpha(units)
    assert alpha.value == pytest.approx(0.743, abs=5e-4)
    assert alpha.n == 11  # the last unit has one rating only
    assert alpha.low < 0.743 < alpha.high


@given(
    st.lists(st.lists(st.sampled_from(["left", "right", "tie", NONE]), min_size=3, max_size=3), min_size=4, max_size=25)
)
@settings(max_examples=40, deadline=None)
def test_alpha_agrees_with_evalica_and_its_limits_are_on_its_scale(units):
    ours = krippendorff_alpha(units)
    if ours.value is None:
        return
    codes = {"left": 1.0, "right": 2.0, "tie": 3.0, NONE: math.nan}
    theirs = evalica.alpha(pd.DataFrame([[codes[x] for x in unit] for unit in units]).T, distance="nominal").alpha
    assert ours.value == pytest.approx(theirs)
    assert ours.value <= 1
    if ours.low is not None:
        assert ours.low <= ours.high <= 1


def test_agreement_without_enough_ratings_has_no_value():
    for estimate in (
        krippendorff_alpha([["a", NONE], [NONE, NONE]]),
        fleiss_kappa([]),
        cohen_kappa(["a", NONE], [NONE, "b"]),
        percent_agreement([["a"]]),
    ):
        assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, 0)


def test_one_label_only_is_not_agreement_beyond_chance():
    same = [["a", "a"]] * 6
    assert krippendorff_alpha(same).value is None
    assert fleiss_kappa(same).value is None
    assert cohen_kappa(["a"] * 6, ["a"] * 6).value is None
    assert percent_agreement(same).value == 1
    assert percent_agreement(same).low < 0.7  # six items cannot promise more


def test_perfect_agreement_is_one_without_a_made_up_interval():
    ratings = [["a", "a"], ["b", "b"], ["a", "a"], ["b", "b"]] * 3
    kappa = krippendorff_alpha(ratings)
    assert (kappa.value, kappa.low) == (1, None)


def test_alpha_interval_covers():
    generate, hits = rng(8), 0
    truth = 0.36  # both copy the true binary label with chance 0.8, which makes the correlation 0.6 * 0.6
    for _ in range(150):
        label = generate.random(80) < 0.5
        ratings = np.where(generate.random((2, 80)) < 0.8, label, ~label).T.tolist()
        alpha = krippendorff_alpha(ratings)
        hits += alpha.low <= truth <= alpha.high
    assert hits / 150 > 0.90


def votes(wins, losses, ties=0, both_bad=0, a="tuned", b="base"):
    choices = ["a"] * wins + ["b"] * losses + ["tie"] * ties + ["both_bad"] * both_bad
    return [Vote((a, b, number), a, b, choice) for number, choice in enumerate(choices)]


def test_win_rate_counts_ties_as_half():
    result = win_rate(votes(40, 20, ties=30, both_bad=10), "tuned", "base")
    assert (result.wins, result.losses, result.ties, result.both_bad) == (40, 20, 30, 10)
    assert result.rate.value == pytest.approx(0.6)
    assert result.rate.n == 100
    assert result.p_value == pytest.approx(reference.binomtest(20, 60).pvalue)
    # a tie is not a coin toss: narrower than a binomial interval on 60 of 100
    binomial = reference.binomtest(60, 100).proportion_ci(method="wilson")
    assert result.rate.low > binomial.low
    assert result.rate.high < binomial.high


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
def test_win_rate_mirrors_for_the_opponent(wins, losses, ties):
    cast = votes(wins, losses, ties)
    one, other = win_rate(cast, "tuned", "base"), win_rate(cast, "base", "tuned")
    if not cast:
        assert one.rate.value is None
        return
    assert one.rate.value == pytest.approx(1 - other.rate.value)
    assert one.rate.low == pytest.approx(1 - other.rate.high)
    assert 0 <= one.rate.low <= one.rate.value <= one.rate.high <= 1
    assert (one.wins, one.losses) == (other.losses, other.wins)


def test_several_votes_on_one_pair_are_not_independent():
    thrice = [Vote(pair, "x", "y", "a" if pair < 14 else "b", who) for pair in range(20) for who in "pqr"]
    once = [vote for vote in thrice if vote.reviewer == "p"]
    triple, single = win_rate(thrice, "x", "y"), win_rate(once, "x", "y")
    assert triple.rate.value == single.rate.value
    assert triple.p_value == pytest.approx(single.p_value)
    assert triple.rate.high - triple.rate.low > 0.9 * (single.rate.high - single.rate.low)


def test_a_difference_where_every_case_differs_and_groups_divide_the_counts():
    """Divided by the design effect, gains and losses of these groups add up to a hair more than the cases."""
    groups = [(-1, 4), (1, 3), (-1, 1), (-1, 5)]  # sign, cases
    signs = [sign for sign, size in groups for _ in range(size)]
    of = [place for place, (_, size) in enumerate(groups) for _ in range(size)]
    found = paired_difference([sign < 0 for sign in signs], [sign > 0 for sign in signs], of)
    assert found.low < found.difference < found.high


def test_win_rate_of_one_pair_only_leaves_others_out():
    cast = votes(3, 1) + votes(0, 9, a="other", b="base")
    assert win_rate(cast, "tuned", "base").rate.n == 4


def test_tie_rate_and_side_bias_and_consistency():
    assert tie_rate(votes(5, 3, ties=1, both_bad=1)).value == pytest.approx(0.2)
    assert tie_rate([]).value is None
    bias = side_bias(40, 20)
    assert bias.p_value == pytest.approx(reference.binomtest(40, 60).pvalue)
    assert bias.rate.value == pytest.approx(2 / 3)
    assert (side_bias(0, 0).rate.value, side_bias(0, 0).p_value) == (None, None)
    assert self_consistency([("a", "a"), ("a", "b"), ("tie", "both_bad"), ("b", "b")]).value == 0.5
    assert self_consistency([]).value is None


def test_bradley_terry_of_two_is_the_corrected_log_odds():
    ranking = bradley_terry(votes(30, 10, ties=4), rng())
    assert [entry.candidate for entry in ranking] == ["tuned", "base"]
    assert ranking[0].score - ranking[1].score == pytest.approx(math.log(32.5 / 12.5), abs=1e-5)
    assert ranking[0].score == pytest.approx(-ranking[1].score)
    assert ranking[0].low < ranking[0].score < ranking[0].high
    # with the delta method for the log odds of 30 : 10 : 4, halved because both scores move
    assert ranking[0].high - ranking[0].low == pytest.approx(1.96 * math.sqrt(1 / 32.5 + 1 / 12.5), rel=0.15)


def test_bradley_terry_recovers_known_strengths():
    generate, truth = rng(6), {"w": 1.0, "x": 0.4, "y": -0.2, "z": -1.2}
    cast = []
    for number in range(1500):
        a, b = generate.choice(list(truth), 2, replace=False).tolist()
        wins = generate.random() < 1 / (1 + math.exp(truth[b] - truth[a]))
        cast.append(Vote(number, a, b, "a" if wins else "b"))
    ranking = bradley_terry(cast, rng(), resamples=200)
    assert [entry.candidate for entry in ranking] == ["w", "x", "y", "z"]
    for entry in ranking:
        assert entry.score == pytest.approx(truth[entry.candidate], abs=0.2)
        assert entry.low <= entry.score <= entry.high
    assert sum(entry.score for entry in ranking) == pytest.approx(0, abs=1e-9)


def test_bradley_terry_of_a_clean_sweep_is_finite_and_unbounded():
    ranking = bradley_terry(votes(10, 0), rng())
    assert ranking[0].score - ranking[1].score == pytest.approx(math.log(10.5 / 0.5), abs=1e-4)
    assert (ranking[0].low, ranking[0].high) == (None, None)
    assert bradley_terry([], rng()) == []


def test_win_rate_is_the_paired_difference_in_other_words():
    result = win_rate(votes(28, 9, ties=83), "tuned", "base").rate
    paired = paired_difference([0] * 28 + [1] * 9 + [0] * 83, [1] * 28 + [0] * 9 + [0] * 83)
    assert (result.low, result.high) == pytest.approx(((1 + paired.low) / 2, (1 + paired.high) / 2))
