"""A judge of pairs sees each pair in both orders: what it prefers only in one is a tie, and its bias is shown."""

import pytest

from app.core.errors import Invalid
from app.evals.judges.panel import panel
from app.evals.models import EvalRun
from tests.evals.conftest import Bench
from tests.evals.judges.factories import grades, judge_requests, judgements, scorer


def pairwise(bench: Bench, kind: str, against: EvalRun) -> dict[str, object]:
    named = {key: scorer(bench, kind)[key] for key in ("model", "provider")}
    return {"type": "pairwise_model", "name": "judge", "against": against.id, **named}


def two_runs(bench: Bench, kind: str) -> EvalRun:
    """The second run's first two outputs are good, the first run's are in the cases after those; the rest is alike."""
    test_set = bench.test_set(6)
    bench.double.script.answers = {"question 2.": "good", "question 3.": "good"}
    first = bench.run(test_set=test_set)
    bench.double.script.answers = {"question 0.": "good", "question 1.": "good"}
    return bench.run(test_set=test_set, graders=[pairwise(bench, kind, first)])


def test_a_preference_that_holds_in_both_orders_is_a_win_or_a_loss(bench: Bench) -> None:
    run = two_runs(bench, "steady")
    assert sorted(grade.score or 0.0 for grade in grades(bench, run)) == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
    assert [row.turn for row in judgements(bench, run)] == ["ab", "ba"] * 6
    preferred = next(m for m in run.metrics or [] if m["key"] == "judge_preference")
    assert (preferred["value"], preferred["n"]) == (pytest.approx(2 / 6), 6)
    found = panel(bench.session, run, bench.user.id)
    assert found is not None
    (row,) = found.rows
    assert row.pairs is not None
    assert (row.pairs.wins, row.pairs.ties, row.pairs.losses, row.pairs.turned) == (2, 2, 2, 0)
    assert row.pairs.first.value == 0.5
    assert not row.state.can_gate


def test_a_judge_that_always_prefers_the_first_gives_ties_and_its_bias_is_shown(bench: Bench) -> None:
    run = two_runs(bench, "first")
    assert {grade.score for grade in grades(bench, run)} == {0.5}
    assert all("changed with the order" in grade.reason for grade in grades(bench, run))
    found = panel(bench.session, run, bench.user.id)
    assert found is not None
    (row,) = found.rows
    assert row.pairs is not None
    assert (row.pairs.ties, row.pairs.turned, row.pairs.first.value) == (6, 6, 1.0)
    assert len(judge_requests(bench)) == 12


def test_the_other_run_must_be_on_the_same_set(bench: Bench) -> None:
    other = bench.run(1)
    with pytest.raises(Invalid, match="same test set"):
        bench.start(1, graders=[pairwise(bench, "steady", other)])
