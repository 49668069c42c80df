"""kill -9 at each step of a launch: never a second job at the provider (reliability.md F4)."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from app.examples import changes
from app.finetunes import queries, runner
from app.finetunes.models import FineTune
from app.web.static import ROOT
from tests.doubles.fine_tuning import Script, Tuning
from tests.finetunes.conftest import Begin
from tests.finetunes.dying_worker import POINTS
from tests.finetunes.factories import Ready
from tests.finetunes.test_launching import work


def worker(point: str, fine_tune: FineTune) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.finetunes.dying_worker", point, fine_tune.id]
    return subprocess.Popen(command, cwd=ROOT)


@pytest.mark.parametrize("kind", ["openai", "local_engine"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at(begin: Begin, point: str, kind: str) -> None:
    ready, tuning = begin(kind=kind)
    held_out = "validation" in point
    row = ready.launch(validation_share=0.25 if held_out else None)
    assert worker(point, row).wait(120) == -signal.SIGKILL
    assert len(tuning.jobs) <= 1
    work(row.id)
    check(ready, tuning, row, made=point not in ("call marked as sent", "before the create"), files=1 + held_out)


def check(ready: Ready, tuning: Tuning, row: FineTune, *, made: bool, files: int = 1) -> None:
    found = ready.seen(row)
    assert len(tuning.files) == files
    if made or ready.provider.kind == "local_engine":
        # nothing left in doubt, or an engine that tells for certain: one job, and it is ours
        assert found.status == "succeeded", found.error
        assert list(tuning.jobs) == [found.provider_job_id]
        assert len(queries.events(ready.session, row.id)) == 4
    else:
        # a request was written down as sent and cannot be shown to have failed: a person decides
        assert found.status == "needs_decision"
        assert tuning.jobs == {}


def test_killed_while_the_request_is_under_way(begin: Begin) -> None:
    ready, tuning = begin(Script(faults={"POST /fine_tuning/jobs": ["hang"]}))
    row = ready.launch()
    process = worker("", row)
    deadline = time.monotonic() + 120
    while not tuning.jobs:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    work(row.id)
    check(ready, tuning, row, made=True)


def test_two_workers_at_once_make_one_job(begin: Begin) -> None:
    ready, tuning = begin(Script(statuses=["running"]))
    row = ready.launch()

    async def both() -> None:
        await asyncio.gather(runner.advance(row.id, 0.5), runner.advance(row.id, 0.5))

    asyncio.run(both())
    work(row.id)
    assert ready.seen(row).status == "succeeded"
    assert tuning.count("POST /fine_tuning/jobs") == len(tuning.jobs) == 1
    assert ready.session.execute(text("select count(*) from candidates where origin = 'fine_tune'")).scalar() == 1


def test_the_queue_carries_it_to_the_end(
    begin: Begin, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "STRETCH_SECONDS", 0.0)
    monkeypatch.setattr(runner.advance, "__defaults__", (0.0,))
    monkeypatch.setattr(changes, "SETTLE_SECONDS", 0.0)  # else the scans of the new examples may still wait at the end
    ready, tuning = begin()
    row = ready.launch()
    for _again in range(30):
        run_jobs()
        if ready.seen(row).status == "succeeded":
            break
    assert row.status == "succeeded", row.error
    run_jobs()  # what its end asked for
    left = ready.session.execute(text("select task_name from procrastinate_jobs where status in ('todo', 'doing')"))
    assert left.scalars().all() == []
    assert len(tuning.jobs) == 1


def test_a_worker_that_is_told_to_stop_hands_it_on(begin: Begin) -> None:
    from app.finetunes.jobs import run

    ready, _tuning = begin(Script(steps=10_000))
    row = ready.launch()
    ready.session.execute(text("delete from procrastinate_jobs"))
    ready.session.commit()

    async def stopped() -> None:
        task = asyncio.create_task(run.func(row.id))
        while not row.provider_job_id:
            await asyncio.sleep(0.05)
            ready.seen(row)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    waiting = ready.session.execute(text("select args->>'fine_tune_id' from procrastinate_jobs where status = 'todo'"))
    assert waiting.scalars().all() == [row.id]
