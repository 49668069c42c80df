"""An adaptive round asks sooner where the ranking is least certain, and is the same for the same votes and seed."""

from collections import Counter

from app.core.stats.doubt import order_doubt
from app.preferences.ordering import urgency


def test_doubt_is_a_half_without_votes_and_falls_with_them() -> None:
    even = [("x", "y", 1.0), ("x", "y", 0.0)] * 10
    clear = [("x", "z", 1.0)] * 20
    doubts = order_doubt(even + clear)
    assert doubts["x", "y"] > 0.4
    assert doubts["x", "z"] < 0.01
    assert doubts["y", "z"] < 0.05
    assert order_doubt([]) == {}


def test_the_order_is_drawn_by_weight_and_is_repeatable() -> None:
    keys = [(urgency(7, 10, "r", n, 0.5 if n % 2 else 0.05), n % 2) for n in range(2000)]
    assert keys == [(urgency(7, 10, "r", n, 0.5 if n % 2 else 0.05), n % 2) for n in range(2000)]
    early = Counter(doubtful for _key, doubtful in sorted(keys)[:200])
    assert early[1] > 5 * early[0] > 0  # ten times the weight, and never only one kind
    assert [urgency(7, 20, "r", n, 0.5) for n in range(9)] != [urgency(7, 10, "r", n, 0.5) for n in range(9)]
