"""Length as a confounder, parts against the rest, and resampling whole cases, each beside a second implementation."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import ttest_ind

from app.core.stats import agreement
from app.core.stats.length import length_controlled_rate
from app.core.stats.parts import differs_from_rest
from app.core.stats.preference import Vote, _log_strengths, _many_log_strengths, bradley_terry, win_rate


def _voted_by_length(count: int = 400) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(3)
    longer = rng.normal(120, 100, count)
    chance = 1 / (1 + np.exp(-2 * np.tanh(longer / longer.std())))
    scores = np.where(rng.random(count) < 0.1, 0.5, (rng.random(count) < chance).astype(float))
    return scores.tolist(), longer.tolist()


def test_the_length_controlled_rate_is_that_of_a_general_optimiser() -> None:
    scores, longer = _voted_by_length()
    y, x = np.array(scores), np.tanh(np.array(longer) / np.std(longer))

    def loss(beta: np.ndarray) -> float:
        at = beta[0] + beta[1] * x
        return float(np.sum(np.logaddexp(0, at) - y * at))

    expected = 1 / (1 + np.exp(-minimize(loss, np.zeros(2), tol=1e-10).x[0]))
    found = length_controlled_rate(scores, longer, list(range(len(scores))))
    assert found.value == pytest.approx(expected, abs=1e-4)
    # nobody voted for anything but length: the raw rate is far from a half, at equal length it is not
    assert y.mean() > 0.7
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high


def test_swapping_the_candidates_mirrors_the_length_controlled_rate() -> None:
    scores, longer = _voted_by_length(90)
    groups = [place // 3 for place in range(90)]
    one = length_controlled_rate(scores, longer, groups)
    other = length_controlled_rate([1 - s for s in scores], [-x for x in longer], groups)
    assert one.value == pytest.approx(1 - (other.value or 0))
    assert one.low == pytest.approx(1 - (other.high or 0))


@pytest.mark.parametrize(
    ("scores", "longer"), [([1.0, 0.0], [5.0, 5.0]), ([1.0, 1.0], [1.0, 2.0]), ([], []), ([1.0, 0.0] * 5, [9, -9] * 5)]
)
def test_no_length_controlled_rate_where_nothing_can_be_regressed(scores: list[float], longer: list[float]) -> None:
    assert length_controlled_rate(scores, longer, list(range(len(scores)))).value is None


def test_single_votes_against_the_rest_are_welchs_test_of_scipy() -> None:
    part, rest = [1, 1, 0.5, 1, 0, 1], [0, 0, 1, 0.5, 0, 0, 1, 0]
    expected = ttest_ind(part, rest, equal_var=False).pvalue
    assert differs_from_rest(part, list("abcdef"), rest, list("ghijklmn")) == pytest.approx(expected)
    doubled = differs_from_rest(part * 2, list("abcdef") * 2, rest * 2, list("ghijklmn") * 2)
    assert doubled == pytest.approx(expected)  # asked twice, the same cases show no more


def test_pairs_of_one_case_are_drawn_together() -> None:
    rng = np.random.default_rng(5)
    votes, alone = [], []
    for case in range(40):
        lucky = "a" if rng.random() < 0.6 else "b"
        for other in ("y", "z"):
            votes.append(Vote(f"{case}{other}", "x", other, lucky, group=case))
            alone.append(Vote(f"{case}{other}", "x", other, lucky))
    together, apart = (bradley_terry(v, np.random.default_rng(1)) for v in (votes, alone))
    width = {name: _width(found) for name, found in (("together", together), ("apart", apart))}
    assert width["together"] > 1.2 * width["apart"]
    assert win_rate(votes, "x", "y") == win_rate(alone, "x", "y")  # one pair a case: nothing to keep together


def _width(ranked: list[object]) -> float:
    one = next(entry for entry in ranked if entry.candidate == "x")  # type: ignore[attr-defined]
    return float(one.high - one.low)  # type: ignore[attr-defined]


def test_agreement_over_groups_of_items_is_as_sure_as_the_groups() -> None:
    items = [["a", "a"], ["a", "b"], ["b", "b"], ["b", "a"], ["a", "a"]] * 8
    once = agreement.krippendorff_alpha(items)
    thrice = agreement.krippendorff_alpha(items * 3, groups=list(range(40)) * 3)
    assert once.low is not None
    assert thrice.low is not None
    assert thrice.low == pytest.approx(once.low, abs=0.02)
    assert agreement.percent_agreement(items * 3, list(range(40)) * 3).low == pytest.approx(
        agreement.percent_agreement(items).low, abs=0.02
    )


def test_many_rankings_at_once_are_those_of_evalica() -> None:
    rng = np.random.default_rng(8)
    tables = rng.integers(0, 30, (6, 6, 3)).astype(float)
    tables[0, :, 1:] = 0  # one candidate wins all
    found = _many_log_strengths(tables, 4)
    for table, scores in zip(tables, found, strict=True):
        assert scores == pytest.approx(_log_strengths(table, ["a", "b", "c", "d"]), abs=1e-4)
