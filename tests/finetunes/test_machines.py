"""Several engines serve one Holdout: one that stops is shown, its job goes on when it is back, others do not care."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.finetunes import queries, runner
from app.finetunes.models import FineTune
from tests.engine.conftest import Engine, engine
from tests.factories import Factory
from tests.finetunes.factories import Ready, provider, ready

pytestmark = [pytest.mark.engine, pytest.mark.slow]
assert engine  # the fixture
LIMIT = 200.0  # seconds on a busy machine; it takes a tenth of that


def work(at: Ready, rows: list[FineTune], until: Callable[[], bool], seconds: float) -> None:
    """Each in turn, as a worker of one place does it."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, [(row.status, row.error) for row in rows]
        for row in rows:
            asyncio.run(runner.advance(row.id, 0.2))
            at.seen(row)


def launch(at: Ready, url: str, **hyperparameters: object) -> FineTune:
    own = at.provider.base_url == f"{url}/v1"
    there = at.provider if own else provider(at.session, f"{url}/v1", "local_engine")
    return at.launch(provider_id=there.id, hyperparameters=hyperparameters, override_reason="measured elsewhere")


def said(at: Ready, row: FineTune) -> str:
    return "\n".join(event.message for event in queries.events(at.session, row.id))


def ended(rows: list[FineTune]) -> bool:
    return all(row.status in ("succeeded", "failed") for row in rows)


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Engine]:
    other = Engine(tmp_path / "second")
    other.start()
    yield other
    other.stop(signal.SIGKILL)


def test_of_two_engines_one_is_killed(factory: Factory, engine: Engine, second: Engine, quick: None) -> None:
    at = ready(factory, f"{engine.url}/v1", "local_engine", examples=22)
    stays, goes = launch(at, engine.url, n_epochs=1), launch(at, second.url, n_epochs=12)
    work(at, [stays, goes], lambda: goes.step >= goes.total_steps // 2 if goes.total_steps else False, LIMIT)
    second.stop(signal.SIGKILL)
    work(at, [stays, goes], lambda: stays.status == "succeeded" and goes.error is not None, LIMIT)
    assert "No connection to" in str(goes.error)
    assert goes.status == "running"
    second.start()
    work(at, [goes], lambda: ended([goes]), LIMIT)
    assert (goes.status, goes.error) == ("succeeded", None)
    assert "Resuming from checkpoint-" in said(at, goes)


def test_two_engines_and_a_ray_head(factory: Factory, engine: Engine, second: Engine, tmp_path: Path) -> None:
    """The head goes while it trains: shown, and the job is submitted again when there is a head."""
    pytest.importorskip("ray")
    from tests.engine.test_ray import Head

    folder = Path("/tmp") / f"holdout-heads-{os.getpid()}"  # Ray's sockets need a short path
    head = Head(folder)
    head.start()
    before = Engine(tmp_path / "before-ray", HOLDOUT_ENGINE_RAY=head.address)
    before.start()
    try:
        at = ready(factory, f"{engine.url}/v1", "local_engine", examples=22)
        rows = [
            launch(at, url, n_epochs=epochs) for url, epochs in ((engine.url, 2), (second.url, 2), (before.url, 60))
        ]
        work(at, rows, lambda: rows[2].step > 100, LIMIT)
        head.stop()
        work(at, rows, lambda: ended(rows[:2]) and "does not answer" in str(rows[2].error), LIMIT)
        assert [row.status for row in rows] == ["succeeded", "succeeded", "running"]
        head.start()
        work(at, [rows[2]], lambda: ended([rows[2]]), LIMIT)
        assert (rows[2].status, rows[2].error) == ("succeeded", None)
        assert "no longer knows the job" in said(at, rows[2])
        assert "Resuming from checkpoint-" in said(at, rows[2])
    finally:
        before.stop(signal.SIGKILL)
        head.stop()
        shutil.rmtree(folder, ignore_errors=True)
