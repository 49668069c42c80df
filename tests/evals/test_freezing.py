"""A worker that freezes in the middle of a transaction: the next one gets the run all the same."""

import asyncio
import time

import psycopg
import pytest

from app.core import freezing
from app.evals.runner import store
from tests.evals.conftest import Bench

LEASE = 0.6


@pytest.mark.parametrize("pipeline", [False, True])
def test_a_worker_that_freezes_while_it_holds_the_run_loses_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, pipeline: bool
) -> None:
    monkeypatch.setattr(store, "LEASE_SECONDS", LEASE)
    run = bench.start(1)
    assert asyncio.run(_taken_from_a_frozen_one(run.id, pipeline)) < 5 * LEASE


async def _taken_from_a_frozen_one(run_id: str, pipeline: bool) -> float:
    """Seconds that the second worker waited."""
    async with store.open_store(run_id) as first, store.open_store(run_id) as second:
        assert await first.take_over() == "taken"
        begun = asyncio.Event()
        frozen = asyncio.create_task(_frozen(first, pipeline, begun))
        await begun.wait()
        since = time.monotonic()
        while await asyncio.wait_for(second.take_over(), 20 * LEASE) != "taken":
            await asyncio.sleep(0.05)
        frozen.cancel()
        await asyncio.gather(frozen, return_exceptions=True)
        return time.monotonic() - since


async def _frozen(held: store.RunStore, pipeline: bool, begun: asyncio.Event) -> None:
    """Its transaction has the run's row, and nothing more comes."""
    if pipeline:
        async with held.connection.pipeline(), held.connection.transaction():
            await (await held.count([])).fetchone()
            begun.set()
            await asyncio.sleep(60)
    async with held.connection.transaction():
        await held.count([])
        begun.set()
        await asyncio.sleep(60)


def test_a_server_without_the_limit_is_used_without_pipelines(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_pipeline(_connection: object) -> None:
        raise AssertionError("a pipeline on a server that would wait for ever")

    monkeypatch.setattr(freezing, "WHOLE_SINCE", 999_999)
    monkeypatch.setattr(psycopg.AsyncConnection, "pipeline", no_pipeline)
    run = bench.start(5)
    bench.work()
    assert bench.fresh(run).status == "succeeded"
