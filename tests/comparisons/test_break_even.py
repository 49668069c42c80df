"""The break-even volume against its formula, and against costs added up task by task."""

import random
from dataclasses import replace

import pytest

from app.comparisons.break_even import BreakEven, break_even
from app.comparisons.cost_words import pays_back
from app.evals.rules import Measured

EMPTY = Measured({}, {}, {}, {}, None, {}, frozenset())


def measured(cost: float, successes: list[int]) -> Measured:
    cases = [str(n) for n in range(len(successes))]
    return replace(
        EMPTY,
        success=dict(zip(cases, map(float, successes), strict=True)),
        costs=dict.fromkeys(cases, cost),
        groups={case: case for case in cases},
    )


def right(share: float, n: int = 200, seed: int = 1) -> list[int]:
    passed = [1] * round(share * n) + [0] * (n - round(share * n))
    random.Random(seed).shuffle(passed)
    return passed


def test_both_cost_the_same_at_that_volume() -> None:
    base, tuned = measured(0.01, right(0.5)), measured(0.004, right(0.8))
    found = break_even(base, tuned, (2.0, 50.0), "s")
    # (50/0.8 − 2/0.5) / (0.01/0.5 − 0.004/0.8)
    assert found.tasks == pytest.approx(58.5 / 0.015)
    assert found.tasks is not None
    loaded = [(0.01 + 2.0 / found.tasks) / 0.5, (0.004 + 50.0 / found.tasks) / 0.8]
    assert loaded[0] == pytest.approx(loaded[1])


def test_the_interval_comes_from_the_cases_and_covers_the_true_volume() -> None:
    """80 draws from a known truth: a 95 % interval holds it in at least 70 of them."""
    truth = (50 / 0.8 - 2 / 0.5) / (0.01 / 0.5 - 0.004 / 0.8)
    held = 0
    for seed in range(80):
        dice = random.Random(seed)
        base = measured(0.01, [int(dice.random() < 0.5) for _ in range(100)])
        tuned = measured(0.004, [int(dice.random() < 0.8) for _ in range(100)])
        found = break_even(base, tuned, (2.0, 50.0), str(seed))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 70 <= held <= 80


def test_it_never_pays_back_where_a_success_costs_no_less() -> None:
    found = break_even(measured(0.01, right(0.8)), measured(0.02, right(0.8)), (0.0, 10.0), "s")
    assert (found.state, found.tasks, found.high) == ("never", None, None)
    assert pays_back(found) == "it never pays back: a success does not cost less"


def test_never_is_not_excluded_where_the_evidence_is_thin() -> None:
    found = break_even(measured(0.01, right(0.5, 20)), measured(0.0098, right(0.55, 20, 2)), (0.0, 10.0), "s")
    assert found.state == "pays_back"
    assert found.low is not None
    assert found.high is None
    assert "that it never does is not excluded" in pays_back(found)


def test_from_the_first_task_where_the_making_cost_no_more() -> None:
    found = break_even(measured(0.01, right(0.5)), measured(0.004, right(0.8)), (10.0, 10.0), "s")
    assert found.state == "from_the_first"
    assert pays_back(found) == "it pays back from the first task"


@pytest.mark.parametrize(
    ("base", "tuned"),
    [
        (replace(measured(0.1, [1, 1]), costs=None), measured(0.1, [1, 1])),
        (measured(0.1, [0, 0]), measured(0.1, [1, 1])),
        (measured(0.1, []), measured(0.1, [])),
    ],
)
def test_without_a_price_or_a_success_nothing_is_said(base: Measured, tuned: Measured) -> None:
    found = break_even(base, tuned, (0.0, 1.0), "s")
    assert found == BreakEven("unknown", None, None, None, 0)
    assert "not known" in pays_back(found)


def test_cases_of_one_group_are_drawn_together() -> None:
    base, tuned = measured(0.01, right(0.5, 60)), measured(0.004, right(0.8, 60, 2))
    apart = break_even(base, tuned, (2.0, 50.0), "s")
    together = break_even(base, replace(tuned, groups={c: int(c) // 10 for c in tuned.groups}), (2.0, 50.0), "s")
    assert together.tasks == apart.tasks
    assert (together.low, together.high) != (apart.low, apart.high)
