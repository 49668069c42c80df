"""One run from taking it over to its end."""

import asyncio
import logging
import random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.freezing import limit_this
from app.core.settings import get_settings
from app.evals import grading, news, retrieved
from app.evals.graders.judging import Ask
from app.evals.judges import planning
from app.evals.judges.work import JudgeWork
from app.evals.models import EvalRun
from app.evals.runner import setups
from app.evals.runner.along import grading_along
from app.evals.runner.dispatch import Dispatcher, Work
from app.evals.runner.errors import CannotStart, LeaseLost, ShuttingDown, StillHeld
from app.evals.runner.lease import LEASE_SECONDS
from app.evals.runner.outputs import OutputWork
from app.evals.runner.reusing import reuse
from app.evals.runner.stages import JUDGEMENTS
from app.evals.runner.store import Call, RunStore, open_store
from app.gateway.answers import Answer
from app.gateway.failures import Failure
from app.jobs.coming_back import DATABASE_TROUBLE
from app.jobs.stopping import when_stopping

log = logging.getLogger(__name__)
TAKE_OVER_SECONDS = LEASE_SECONDS + 4
OVER_BUDGET = "The next calls could cost more than is left of the budget: raise it to go on."


Stopped = tuple[str | None, str | None]  # why nothing more was sent, and the problem behind it


async def run_eval(run_id: str) -> None:
    """Ask for all outputs that are wanted and missing, then grade. Cut off at any moment, it goes on from there.

    What became of it is told last, and told once: a job that was cut off before comes back here and tells it then.
    """
    await _run(run_id)
    await asyncio.to_thread(news.tell_of, run_id)


async def _run(run_id: str) -> None:
    async with open_store(run_id) as store:
        if not await _take_over(store):
            return
        try:
            await _work(store)
        except LeaseLost as error:
            # The queue knows one job for both workers: ending it here would leave the other one's work without a
            # job to be taken up by, should that one die. So this job comes back, and finds the run held or done.
            log.warning("run %s was taken over by another worker", run_id)
            raise StillHeld from error
        except CannotStart as error:
            await store.end("failed", str(error))
        except (*DATABASE_TROUBLE, ShuttingDown):
            raise
        except Exception as error:
            await asyncio.to_thread(_failed, run_id, store.lease, error)
            raise


async def _take_over(store: RunStore) -> bool:
    """Wait for a worker before us to be given up, by the database's clock. Raises StillHeld if it lives on."""
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    while (taken := await store.take_over()) == "held":
        if asyncio.get_running_loop().time() > deadline:
            raise StillHeld
        await asyncio.sleep(0.2 + random.random() / 5)  # noqa: S311 (jitter)
    return taken == "taken"


async def _work(store: RunStore) -> None:
    stop, problem = await _ask_candidate(store)
    if stop is None and not await store.unknown():
        stop, problem = await _ask_judges(store)
    if stop == "shutdown":
        await store.release()
        raise ShuttingDown
    if stop == "cancelled":
        await store.end("cancelled", None)
    elif stop == "budget":
        await store.end("paused", store.refusal or OVER_BUDGET)
    elif stop == "failed":
        await store.end("failed", f"{problem} Mend that, then resume: what was answered stays.")
    elif await store.unknown():
        await store.end("needs_decision", None)
    else:
        await asyncio.to_thread(_score, store.run_id, store.lease)


async def _ask_candidate(store: RunStore) -> Stopped:
    calls = await store.planned()
    if not calls:
        return None, None
    setup = await asyncio.to_thread(setups.of_candidate, store.run_id)
    await asyncio.to_thread(retrieved.have_vectors, store.run_id, setup.asked.searches)
    async with grading_along(store.run_id, store.lease, setup.asked.searches is not None) as along:
        work = OutputWork(store, setup.asked, along.came)
        if setup.reuses:
            calls = await reuse(store, work, calls)
        store.stored = work.stored
        try:
            return await _dispatch(store, setup, work, calls) if calls else (None, None)
        finally:
            store.stored = lambda rows: None


async def _ask_judges(store: RunStore) -> Stopped:
    """One provider after the other; the first that has to stop ends it."""
    store.stage = JUDGEMENTS
    asks = await asyncio.to_thread(_plan_judgements, store.run_id, store.lease)
    calls = await store.planned() if asks else []
    for provider_id in dict.fromkeys(call.provider_id for call in calls):
        setup = await asyncio.to_thread(setups.of_judge, store.run_id, provider_id)
        theirs = [call for call in calls if call.provider_id == provider_id]
        stop, problem = await _dispatch(store, setup, JudgeWork(store.run_id, asks), theirs)
        if stop is not None:
            return stop, problem
    return None, None


async def _dispatch(store: RunStore, setup: setups.Setup, work: Work, calls: list[Call]) -> Stopped:
    from app.gateway.chat import complete
    from app.gateway.client import open_http

    seconds = float(get_settings().call_timeout_seconds)
    async with open_http(setup.connection, connections=setup.slots, seconds=seconds) as http:

        async def ask(body: dict[str, Any], call_id: str) -> Answer | Failure:
            return await complete(http, setup.connection, body, call_id, seconds)

        dispatcher = Dispatcher(store, ask, work, calls, setup.slots, setup.pace)
        with when_stopping(lambda: dispatcher.stop_for("shutdown")):
            await dispatcher.run()
    return dispatcher.stop, dispatcher.problem


def _plan_judgements(run_id: str, lease: int) -> dict[str, Ask]:
    with transaction() as session:
        limit_this(session)
        return planning.plan(session, _held_run(session, run_id, lease))


def _score(run_id: str, lease: int) -> None:
    """Grade and end the run in one transaction, fenced like every other write."""
    with transaction() as session:
        limit_this(session)
        run = _held_run(session, run_id, lease)
        grading.score(session, run)
        run.lease_expires_at = None


def _failed(run_id: str, lease: int, error: Exception) -> None:
    """A bug of ours ends the run in sight; resuming goes on where it stopped."""
    with transaction() as session:
        run = _held_run(session, run_id, lease)
        run.status, run.lease_expires_at = "failed", None
        run.error = f"The runner stopped on an error of its own ({type(error).__name__}); the log has the details."
        session.flush()
        news.tell(session, run)


def _held_run(session: Session, run_id: str, lease: int) -> EvalRun:
    query = select(EvalRun).where(EvalRun.id == run_id, EvalRun.lease == lease, EvalRun.status == "running")
    run = session.scalar(query.with_for_update())
    if run is None:
        raise LeaseLost(run_id)
    return run
