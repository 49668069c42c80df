"""Who is shown what: fair loads, fair sides, no pair short of votes."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.preferences.assignment import assign


@given(pairs=st.integers(1, 40), reviewers=st.integers(1, 6), votes=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_each_pair_gets_its_votes_from_different_people(pairs: int, reviewers: int, votes: int, seed: int) -> None:
    people = [f"r{n}" for n in range(reviewers)]
    votes = min(votes, reviewers)
    assigned = assign(pairs, people, votes, 0.0, Random(seed))
    by_pair = Counter(a.pair for a in assigned)
    assert set(by_pair.values()) == {votes}
    assert len({(a.pair, a.reviewer) for a in assigned}) == len(assigned)
    loads = Counter(a.reviewer for a in assigned)
    assert max(loads.values()) - min(loads.get(p, 0) for p in people) <= 1


def test_sides_are_balanced_and_repeats_come_last() -> None:
    assigned = assign(2000, ["a", "b"], 2, 0.1, Random(7))
    left = sum(a.a_is_left for a in assigned)
    assert abs(left - len(assigned) / 2) < 3 * (len(assigned) / 4) ** 0.5
    mine = sorted((a for a in assigned if a.reviewer == "a"), key=lambda a: a.position)
    assert [a.is_repeat for a in mine] == [False] * 2000 + [True] * 200
    assert [a.position for a in mine] == list(range(2200))
