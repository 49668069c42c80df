"""The short form of the experiment; the long one is ``python -m tests.faults.kill_worker --kills 100``."""

from tests.faults.kill_worker import experiment


def test_killed_workers_lose_nothing_and_double_nothing() -> None:
    tally = experiment(8, cases=250, seed=7)
    assert tally.kills == 8
    assert (tally.found.lost, tally.found.doubled, tally.found.wrong) == ([], [], [])
    assert tally.unknown > 0  # calls were under way at a kill, and every one was shown for a decision


def test_killed_in_the_middle_of_judging_they_lose_and_double_nothing_either() -> None:
    tally = experiment(5, cases=60, seed=11, judged=True)
    assert tally.kills == 5
    assert (tally.found.lost, tally.found.doubled, tally.found.wrong) == ([], [], [])
    assert tally.judgements > 0
