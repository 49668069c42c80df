"""What choosing by a set may flatter the best candidate by: against a simulation of equally good candidates."""

import math
import random

import pytest

from app.datasets.wear import optimism, wear


def test_no_data_is_no_figure() -> None:
    assert optimism(0, 100) is None
    assert optimism(3, 0) is None
    assert optimism(1, 100) == 0
    assert not wear(0, 0).worn


def test_the_formula() -> None:
    assert optimism(10, 50) == pytest.approx(math.sqrt(math.log(10) / 100))
    assert optimism(10**6, 1) == 1


@pytest.mark.parametrize(("choices", "cases"), [(2, 50), (7, 50), (20, 100)])
def test_luck_stays_below_the_bound_and_not_far_below(choices: int, cases: int) -> None:
    rng = random.Random(7)
    trials = 400
    best = sum(
        max(sum(rng.random() < 0.5 for _ in range(cases)) / cases for _ in range(choices)) - 0.5 for _ in range(trials)
    )
    bound = optimism(choices, cases)
    assert bound is not None
    assert 0.4 * bound < best / trials <= bound


def test_worn_at_seven_candidates_whatever_the_size() -> None:
    for cases in (30, 500):
        assert (wear(7, cases).worn, wear(8, cases).worn) == (False, True)
    assert "8 runs were scored on these 30 cases" in wear(8, 30).sentence
    assert wear(7, 30).sentence == ""
