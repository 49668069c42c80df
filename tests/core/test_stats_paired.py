"""Paired comparisons: exact coverage, independent optimisers, scipy, and symmetry."""

from itertools import pairwise, product
from math import comb, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as reference

from app.core.stats import bootstrap
from app.core.stats.multiplicity import holm
from app.core.stats.paired import mcnemar_exact, paired_difference, sign_flip_test, tango_interval
from app.core.stats.power import mcnemar_power, minimum_detectable_difference

Z = reference.norm.ppf(0.975)


def cases(both, gains, losses, neither):
    base = [1] * both + [0] * gains + [1] * losses + [0] * neither
    return base, [1] * both + [1] * gains + [0] * losses + [0] * neither


def test_the_worked_example():
    result = paired_difference(*cases(43, 28, 9, 40))
    assert result.n == 120
    assert result.difference == pytest.approx(19 / 120)
    assert result.p_value == pytest.approx(reference.binomtest(9, 37).pvalue)
    assert (result.low, result.high) == pytest.approx((0.0620, 0.2558), abs=5e-4)


def score_statistic(gains, losses, n, delta):
    """The same statistic with the constrained likelihood maximised numerically, not by Tango's closed form."""

    def minus_log_likelihood(q):
        terms = ((gains, q + delta), (losses, q), (n - gains - losses, 1 - 2 * q - delta))
        return -sum(count * log(max(share, 1e-300)) for count, share in terms if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    found = optimize.minimize_scalar(
        minus_log_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return (gains - losses - n * delta) / np.sqrt(n * (2 * found.x + delta * (1 - delta)))


@pytest.mark.parametrize(("gains", "losses", "n"), [(28, 9, 120), (1, 7, 30), (150, 86, 1600), (3, 3, 20)])
def test_tango_limits_invert_the_score_test(gains, losses, n):
    low, high = tango_interval(gains, losses, n, Z)
    assert score_statistic(gains, losses, n, low) == pytest.approx(Z, abs=2e-3)
    assert score_statistic(gains, losses, n, high) == pytest.approx(-Z, abs=2e-3)


def exact_coverage(n, gain, loss):
    total = 0.0
    for b, c in product(range(n + 1), repeat=2):
        if b + c <= n:
            low, high = tango_interval(b, c, n, Z)
            if low <= gain - loss <= high:
                same = (1 - gain - loss) ** (n - b - c)
                total += comb(n, b) * comb(n - b, c) * gain**b * loss**c * same
    return total


def test_tango_coverage_by_full_enumeration():
    points = [(0.05, 0.05), (0.10, 0.02), (0.25, 0.10), (0.30, 0.30), (0.50, 0.10), (0.02, 0.01)]
    covered = [exact_coverage(24, gain, loss) for gain, loss in points]
    assert min(covered) > 0.925
    assert 0.94 < np.mean(covered) < 0.98


counts = st.tuples(*[st.integers(0, 25)] * 4).filter(lambda c: sum(c) > 0)


@given(counts)
@settings(max_examples=60, deadline=None)
def test_swapping_the_runs_mirrors_everything(table):
    base, candidate = cases(*table)
    one, other = paired_difference(base, candidate), paired_difference(candidate, base)
    assert one.difference == -other.difference
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert (one.p_value, one.mdd, one.n) == (other.p_value, other.mdd, other.n)
    assert -1 <= one.low <= one.difference <= one.high <= 1
    assert one.high > one.low
    assert 0 < one.p_value <= 1


@given(st.integers(0, 20), st.integers(0, 20), st.integers(45, 80))
@settings(max_examples=40, deadline=None)
def test_one_more_win_moves_the_interval_up(gains, losses, n):
    before, after = tango_interval(gains, losses, n, Z), tango_interval(gains + 1, losses, n, Z)
    assert after[0] >= before[0]
    assert after[1] >= before[1]


def test_edges():
    empty = paired_difference([], [])
    assert (empty.difference, empty.p_value, empty.mdd, empty.n) == (None, None, None, 0)
    unchanged = paired_difference([1] * 30, [1] * 30)
    assert (unchanged.difference, unchanged.p_value) == (0, 1)
    assert unchanged.low < 0 < unchanged.high
    swept = paired_difference([0] * 8, [1] * 8)
    assert (swept.difference, swept.high) == (1, 1)
    assert swept.low > 0
    with pytest.raises(ValueError, match="0 or 1"):
        paired_difference([0.5], [1])
    with pytest.raises(ValueError, match="zip"):
        paired_difference([1, 0], [1])


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(gains, losses):
    expected = reference.binomtest(gains, gains + losses).pvalue if gains + losses else 1.0
    assert mcnemar_exact(gains, losses) == pytest.approx(expected)


def test_sign_flip_by_groups_is_the_enumeration():
    sums = [3, -1, 2, 2, 0, -4, 1]
    flips = [abs(sum(s * abs(v) for s, v in zip(signs, sums, strict=True))) for signs in product((-1, 1), repeat=7)]
    assert sign_flip_test(sums) == pytest.approx(np.mean([flip >= abs(sum(sums)) for flip in flips]))
    assert sign_flip_test([1] * 9 + [-1] * 2) == pytest.approx(mcnemar_exact(9, 2))
    assert sign_flip_test([0, 0]) == 1


def simulated_groups(rng):
    """20 customers with 6 cases each, whose whole conversation tends to be won or lost together; no true effect."""
    lean = np.repeat(rng.choice([-0.9, 0.9], 20), 6)
    change = rng.random(120) < 0.4
    up = rng.random(120) < (1 + lean) / 2
    base = np.where(change, ~up, rng.random(120) < 0.5)
    return base.astype(int).tolist(), np.where(change, up, base).astype(int).tolist()


def test_groups_keep_coverage_and_error_rate_where_ignoring_them_does_not():
    rng, groups = np.random.default_rng(5), np.repeat(np.arange(20), 6).tolist()
    seen = {"ignored": [0, 0], "grouped": [0, 0]}
    for _ in range(300):
        base, candidate = simulated_groups(rng)
        for name, chosen in (("ignored", None), ("grouped", groups)):
            result = paired_difference(base, candidate, chosen)
            seen[name][0] += result.low <= 0 <= result.high
            seen[name][1] += result.p_value <= 0.05
    assert seen["grouped"][0] / 300 > 0.925
    assert seen["grouped"][1] / 300 < 0.075
    assert seen["ignored"][1] / 300 > 0.12


def test_one_group_alone_shows_nothing():
    result = paired_difference([0, 0, 1], [1, 1, 1], ["a", "a", "a"])
    assert (result.difference, result.low, result.p_value, result.mdd) == (pytest.approx(2 / 3), None, None, None)


def test_power_agrees_with_simulation():
    rng, hits = np.random.default_rng(1), 0
    for _ in range(2000):
        gains, losses, _ = rng.multinomial(120, [0.225, 0.085, 0.69])
        hits += gains > losses and mcnemar_exact(int(gains), int(losses)) <= 0.05
    assert mcnemar_power(120, 0.225, 0.085) == pytest.approx(hits / 2000, abs=0.03)


def test_the_minimum_detectable_difference_is_the_smallest_with_80_percent_power():
    mdd = minimum_detectable_difference(120, 0.31)
    assert mcnemar_power(120, (0.31 + mdd) / 2, (0.31 - mdd) / 2) == pytest.approx(0.80, abs=1e-3)
    # Connor's approximation, for the size of it: (z_a sqrt(psi) + z_b sqrt(psi - d^2)) / sqrt(n)
    approximate = (Z * np.sqrt(0.31) + 0.8416 * np.sqrt(0.31 - mdd**2)) / np.sqrt(120)
    assert mdd == pytest.approx(approximate, rel=0.08)
    assert minimum_detectable_difference(5, 0.5) is None  # 2 / 2^5 > 0.05: nothing could have been shown
    assert minimum_detectable_difference(6, 0.5) is not None
    assert minimum_detectable_difference(0, 0.0) is None


@given(st.integers(10, 300), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_more_cases_could_have_shown_less(n, discordance):
    assert minimum_detectable_difference(2 * n, discordance) <= minimum_detectable_difference(n, discordance)


def test_holm_published_example_and_order():
    # the example of R's p.adjust: smallest times four, then times three, and never below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, None, 0.9]) == [1.0, None, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_only_raises_and_keeps_the_order(values):
    adjusted = holm(values)
    assert all(p <= a <= 1 for p, a in zip(values, adjusted, strict=True))
    ranked = sorted(zip(values, adjusted, strict=True))
    assert all(one[1] <= two[1] for one, two in pairwise(ranked))


def run(before, after, statistic=bootstrap.mean, seed=1, **more):
    return bootstrap.paired_bootstrap(before, after, statistic, np.random.default_rng(seed), **more)


def test_bootstrap_of_a_mean_is_close_to_the_paired_t():
    rng = np.random.default_rng(2)
    before = rng.normal(400, 80, 60)
    after = before + rng.normal(-30, 50, 60)
    ours, theirs = run(before, after), reference.ttest_rel(after, before)
    low, high = theirs.confidence_interval()
    assert ours.difference == pytest.approx((after - before).mean())
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=2.5)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=0.01)
    assert ours.mdd == pytest.approx(2.80 * (after - before).std(ddof=1) / np.sqrt(60), rel=0.06)


def test_bootstrap_covers_at_small_n():
    rng, hits = np.random.default_rng(9), 0
    for trial in range(300):
        before = rng.lognormal(5, 0.3, 15)
        result = run(before, before + rng.normal(10, 20, 15), seed=trial, resamples=400)
        hits += result.low <= 10 <= result.high
    assert hits / 300 > 0.925


def test_bootstrap_by_groups_is_wider():
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(12), 10)
    before = rng.normal(100, 1, 120)
    after = before + np.repeat(rng.normal(0, 5, 12), 10)
    plain, grouped = run(before, after), run(before, after, groups=groups.tolist())
    assert grouped.difference == pytest.approx(plain.difference)
    assert grouped.high - grouped.low > 2 * (plain.high - plain.low)
    assert grouped.p_value > plain.p_value


def test_bootstrap_of_quantiles_and_ratios():
    before, after = list(range(100, 200)), [value - 40 for value in range(100, 200)]
    result = run(before, after, bootstrap.at_quantile(0.95))
    assert result.difference == -40
    assert result.high <= -1
    pairs = [(2.0, float(i % 2)) for i in range(40)]
    cheaper = [(1.0, float(i % 4 != 0)) for i in range(40)]
    ratio = run(pairs, cheaper, bootstrap.ratio_of_sums)
    assert ratio.difference == pytest.approx(1 / 0.75 - 4)
    assert ratio.high < 0
    assert ratio.p_value < 0.01


def test_bootstrap_edges():
    assert run([], []).difference is None
    assert (run([1.0], [3.0]).difference, run([1.0], [3.0]).low) == (2.0, None)
    assert run([1.0, 1.0], [2.0, 2.0], groups=["a", "a"]).p_value is None
    no_success = run([(1.0, 0.0)] * 4, [(1.0, 1.0)] * 4, bootstrap.ratio_of_sums)
    assert (no_success.difference, no_success.p_value) == (None, None)
    rare = run([(1.0, 1.0)] + [(1.0, 0.0)] * 9, [(1.0, 1.0)] * 10, bootstrap.ratio_of_sums)
    assert (rare.difference, rare.low, rare.mdd) == (-9.0, None, None)
    same = run([5.0] * 10, [5.0] * 10)
    assert (same.difference, same.p_value) == (0, 1)
    with pytest.raises(ValueError, match="same cases"):
        run([1.0], [1.0, 2.0])


def test_the_same_seed_gives_the_same_answer():
    before, after = [1.0, 5.0, 3.0, 8.0], [2.0, 5.5, 2.0, 9.0]
    assert run(before, after) == run(before, after)
