"""A share that keeps the mix: shares by largest remainder, clusters whole, the same for the same seed."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from app.datasets.drawing import Candidate, draw, rarest, targets


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 50), min_size=1, max_size=6), st.floats(0.01, 1))
def test_shares_add_up_and_none_is_more_than_one_off(strata: dict[str, int], fraction: float) -> None:
    found = targets(strata, fraction)
    assert sum(found.values()) == round(fraction * sum(strata.values()))
    assert all(abs(found[one] - fraction * number) <= 1 for one, number in strata.items())
    assert all(found[one] <= number for one, number in strata.items())


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from("xyz")), min_size=1, max_size=40),
    st.floats(0.05, 1),
    st.integers(0, 99),
)
def test_clusters_stay_whole_and_the_draw_repeats(rows: list[tuple[int, str]], fraction: float, seed: int) -> None:
    pool = [Candidate(str(n), f"fp:{n}", f"c{cluster}", stratum) for n, (cluster, stratum) in enumerate(rows)]
    drawn = draw(pool, fraction, seed)
    assert drawn == draw(list(pool), fraction, seed)
    clusters = {one.cluster for one in drawn}
    assert len(drawn) == sum(one.cluster in clusters for one in pool)
    shares = targets(Counter(one.stratum for one in pool), fraction)
    if len(clusters) > 1:
        assert all(number <= shares[stratum] for stratum, number in Counter(o.stratum for o in drawn).items())


def test_each_part_of_the_mix_gets_its_share() -> None:
    pool = [Candidate(str(n), f"fp:{n}", f"c{n}", "rare" if n < 10 else "common") for n in range(100)]
    for seed in range(5):
        assert Counter(one.stratum for one in draw(pool, 0.2, seed)) == {"rare": 2, "common": 18}


def test_an_example_counts_for_its_rarest_tag() -> None:
    assert rarest({"1": ["a", "b"], "2": ["a"], "3": ["a", "c"], "4": []}) == {"1": "b", "2": "a", "3": "c", "4": ""}
