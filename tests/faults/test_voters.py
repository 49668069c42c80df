"""The short form of ``python -m tests.faults.voters``."""

import asyncio
from pathlib import Path

from tests.faults.annotators import Journal
from tests.faults.review_stage import set_up
from tests.faults.voters import judge, open_round, race


def test_votes_race_a_close_and_a_kill(tmp_path: Path) -> None:
    with set_up(annotators=8, examples=1, webs=2) as stage:
        journal = Journal(tmp_path / "journal")
        round_ = open_round(stage, pairs=400)
        seen = asyncio.run(race(stage, round_, journal, seconds=60, until_votes=100))
        judged = judge(stage, round_, journal)
    assert judged.right, str(judged)
    assert seen.kills >= 1
    assert seen.acknowledged >= 100
    assert seen.refused >= 1
    assert judged.votes >= seen.acknowledged
