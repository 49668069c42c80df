"""What belongs together, and drawing whole clusters by a seed."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.datasets.clusters import Clusters
from app.datasets.drawing import Candidate, draw


def test_units_that_are_linked_are_one_cluster() -> None:
    clusters = Clusters([("fp:a", "group:g"), ("fp:b", "group:g"), ("fp:b", "fp:c"), ("fp:d", "fp:e")])
    assert clusters.units_with(["fp:c"]) == {"fp:a", "fp:b", "fp:c", "group:g"}
    assert clusters.units_with(["fp:d", "fp:unknown"]) == {"fp:d", "fp:e", "fp:unknown"}
    assert clusters.of("fp:unknown") == "fp:unknown"


def pool_of(prompts: int) -> list[Candidate]:
    return [Candidate(str(n), f"fp:{n}", f"fp:{n}") for n in range(prompts)]


def test_the_same_seed_draws_the_same_whatever_the_order() -> None:
    pool = pool_of(200)
    first = draw(pool, 0.2, 7)
    assert len(first) == 40
    assert {c.example_id for c in draw(pool[::-1], 0.2, 7)} == {c.example_id for c in first}
    assert {c.example_id for c in draw(pool, 0.2, 8)} != {c.example_id for c in first}


def test_one_case_for_each_prompt_and_groups_whole() -> None:
    pool = [Candidate("1", "fp:a", "fp:a"), Candidate("2", "fp:a", "fp:a"), Candidate("3", "fp:b", "fp:a")]
    assert [c.example_id for c in draw(pool, 1.0, 1)] == ["1", "3"]


def test_a_cluster_larger_than_the_target_is_taken_only_if_there_is_nothing_else() -> None:
    large = [Candidate(f"g{n}", f"fp:g{n}", "fp:g0") for n in range(50)]
    drawn = draw(large + pool_of(50), 0.1, 3)
    assert len(drawn) == 10
    assert not any(c.cluster == "fp:g0" for c in drawn)
    assert len(draw(large, 0.1, 3)) == 50
    assert draw([], 0.5, 1) == []


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 6)), max_size=60),
    st.floats(0.01, 1),
    st.integers(0, 1000),
)
def test_no_cluster_is_ever_split(rows: list[tuple[int, int, int]], fraction: float, seed: int) -> None:
    links = [(f"fp:{unit}", f"group:{group}") for _example, unit, group in rows]
    clusters = Clusters(links)
    pool = [Candidate(str(row[0]), unit, clusters.of(group)) for row, (unit, group) in zip(rows, links, strict=True)]
    drawn = draw(pool, fraction, seed)
    inside = clusters.units_with(c.fingerprint_unit for c in drawn)
    prompts = {c.fingerprint_unit for c in drawn}
    assert prompts == {c.fingerprint_unit for c in pool if c.fingerprint_unit in inside}
    assert len(prompts) == len(drawn)
