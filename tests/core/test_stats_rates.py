"""Rates, means, ratios and quantiles against scipy, exact coverage and properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from app.core.stats.clusters import clustering
from app.core.stats.quantiles import quantile, quantile_estimate
from app.core.stats.rates import mean, rate, ratio, wilson
from app.core.stats.seeds import generator


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (1, 3), (71, 120), (4999, 5000)])
def test_wilson_agrees_with_scipy(k, n):
    ours = wilson(k, n)
    theirs = reference.binomtest(k, n).proportion_ci(method="wilson")
    assert (ours.value, ours.n) == (k / n, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_data_is_none_and_not_zero():
    for empty in (wilson(0, 0), rate([]), mean([]), ratio([], []), quantile_estimate([], 0.5)):
        assert (empty.value, empty.low, empty.high, empty.n) == (None, None, None, 0)
    assert quantile([], 0.5) is None


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="5 of 4"):
        wilson(5, 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        rate([0.5, 1.2])
    with pytest.raises(ValueError, match="q must"):
        quantile([1.0], 95)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_stays_within_bounds_mirrors_and_keeps_a_width(counts):
    k, n = counts
    one, other = wilson(k, n), wilson(n - k, n)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.low < one.high
    assert one.low == pytest.approx(1 - other.high)
    if k < n:
        assert wilson(k + 1, n).low > one.low


def test_wilson_mean_coverage_is_near_95_percent():
    n, shares = 40, np.linspace(0.05, 0.95, 19)
    limits = [wilson(k, n) for k in range(n + 1)]
    covered = [sum(reference.binom.pmf(k, n, p) for k, e in enumerate(limits) if e.low <= p <= e.high) for p in shares]
    assert 0.94 < np.mean(covered) < 0.965
    assert min(covered) > 0.90


def test_groups_widen_the_interval_by_the_design_effect():
    # ten customers with ten identical cases each are worth about ten cases, judged with t on nine degrees of freedom
    values = [float(group < 6) for group in range(10) for _ in range(10)]
    groups = [group for group in range(10) for _ in range(10)]
    shape = clustering(values, groups)
    assert shape.effect == pytest.approx(11, rel=0.01)
    assert shape.critical == pytest.approx(reference.t.ppf(0.975, 9))
    grouped, single = rate(values, groups), rate(values)
    assert grouped.value == single.value == 0.6
    assert grouped.high - grouped.low > 3 * (single.high - single.low)
    assert rate(values, range(100)) == single  # groups of one change nothing


def test_constant_values_in_groups_are_taken_at_their_worst():
    assert clustering([1.0] * 12, [0] * 6 + [1] * 3 + [2] * 3).effect == pytest.approx((36 + 9 + 9) / 12)
    alone = rate([1.0, 0.0, 1.0], ["x", "x", "x"])
    assert (alone.value, alone.low, alone.high) == (pytest.approx(2 / 3), None, None)


def test_clustered_rate_covers_where_the_plain_one_does_not():
    rng = np.random.default_rng(7)
    hits = {"plain": 0, "grouped": 0}
    groups = np.repeat(np.arange(25), 6)
    for _ in range(400):
        shares = rng.beta(1.2, 0.8, 25)
        values = (rng.random(150) < np.repeat(shares, 6)).astype(float).tolist()
        for name, estimate in (("plain", rate(values)), ("grouped", rate(values, groups.tolist()))):
            hits[name] += estimate.low <= 0.6 <= estimate.high
    assert hits["grouped"] / 400 > 0.925
    assert hits["plain"] / 400 < 0.85


def test_mean_is_the_t_interval():
    values = [1.0, 2.5, 3.0, 7.25]
    low, high = reference.t.interval(0.95, 3, np.mean(values), reference.sem(values))
    estimate = mean(values)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((3.4375, low, high))
    assert (mean([2.0]).value, mean([2.0]).low) == (2.0, None)


def test_ratio_covers_the_true_cost_per_success_and_stays_positive():
    rng, hits = np.random.default_rng(11), 0
    for _ in range(400):
        success = (rng.random(60) < 0.4).astype(float)
        cost = rng.lognormal(0, 0.5, 60) * (1 + success)
        estimate = ratio(cost.tolist(), success.tolist())
        assert estimate.low > 0
        hits += estimate.low <= np.exp(0.125) * 1.4 / 0.4 <= estimate.high
    assert 0.92 < hits / 400 < 0.98


def test_ratio_without_a_success_has_no_value():
    assert ratio([1.0, 2.0], [0.0, 0.0]).value is None
    assert ratio([0.0, 0.0], [1.0, 0.0]).value == 0.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0, 1))
def test_quantile_is_numpys(values, q):
    assert quantile(values, q) == pytest.approx(np.quantile(values, q), rel=1e-9, abs=1e-6)


def test_quantile_interval_covers_at_least_as_promised():
    rng = np.random.default_rng(3)
    for q in (0.5, 0.95):
        truth, hits = -np.log(1 - q), 0
        for _ in range(500):
            estimate = quantile_estimate(rng.exponential(size=120).tolist(), q)
            hits += estimate.low <= truth <= estimate.high
        assert 0.94 <= hits / 500 <= 0.995


@pytest.mark.parametrize("n", [71, 72])
def test_a_high_percentile_of_few_values_has_no_upper_limit(n):
    estimate = quantile_estimate(list(map(float, range(n))), 0.95)
    assert estimate.low is not None
    assert (estimate.high is None) == (n == 71)  # 0.95^72 < 0.025 < 0.95^71


def test_repeats_do_not_pretend_to_be_independent():
    values = [float(value) for value in range(50) for _ in range(4)]
    pooled, honest = quantile_estimate(values, 0.5), quantile_estimate(values, 0.5, independent=50)
    single = quantile_estimate(list(map(float, range(50))), 0.5)
    assert honest.value == pooled.value
    assert (honest.low, honest.high) == (single.low, single.high)
    assert honest.high - honest.low > pooled.high - pooled.low


def test_generators_repeat_themselves_and_differ_by_name():
    assert generator("run", 1).random() == generator("run", 1).random()
    assert generator("run", 1).random() != generator("run", 2).random()
    assert generator("ab", "c").random() != generator("a", "bc").random()
