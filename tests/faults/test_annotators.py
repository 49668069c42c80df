"""The short form of ``benchmarks/annotators.py``: a web process dies under eight annotators, two opinions each."""

import asyncio
from pathlib import Path

from tests.faults.annotators import Journal, judge, work
from tests.faults.review_stage import set_up


def test_a_killed_web_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with set_up(annotators=8, examples=2_000, overlap=2, webs=2) as stage:
        journal = Journal(tmp_path / "journal")
        seen, kills = asyncio.run(work(stage, journal, seconds=10, think=0.05, kill_every=(2, 4)))
        judged = judge(stage.dsn, journal, overlap=2)
    assert judged.right, str(judged)
    assert kills >= 1
    assert seen.failures == []
    assert len(journal.acknowledged) > 20
    assert judged.decided > 0
