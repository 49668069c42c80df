"""The job of judges beside people."""

from app.jobs.coming_back import ComeBack
from app.jobs.lost import resumable
from app.jobs.queue import queue

resumable("round_judges", prefix="round-judge:", task="preferences.judge", argument="judge_id")


@queue.task(name="preferences.judge", retry=ComeBack())
async def judge(judge_id: str) -> None:
    from app.preferences.judged.working import run_judge  # the client of providers is loaded where it is used

    await run_judge(judge_id)
