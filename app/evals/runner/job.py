"""One run from taking it over to its end."""

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.candidates.models import Candidate
from app.core.db import transaction
from app.core.settings import get_settings
from app.evals import grading
from app.evals.models import EvalRun
from app.evals.runner.asking import Asked
from app.evals.runner.dispatch import Dispatcher
from app.evals.runner.errors import CannotStart, LeaseLost, ShuttingDown, StillHeld
from app.evals.runner.store import LEASE_SECONDS, Call, RunStore, open_store
from app.gateway.answers import Answer
from app.gateway.client import Connection, connection_to
from app.gateway.failures import Failure
from app.gateway.keys import UnreadableKey
from app.gateway.models import Provider
from app.jobs.stopping import when_stopping

log = logging.getLogger(__name__)
DATABASE_TROUBLE = (OperationalError, psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)
TAKE_OVER_SECONDS = LEASE_SECONDS + 4


@dataclass(frozen=True)
class Setup:
    asked: Asked
    connection: Connection
    slots: int


async def run_eval(run_id: str) -> None:
    """Ask for all outputs that are wanted and missing, then grade. Cut off at any moment, it goes on from there."""
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
    setup = await asyncio.to_thread(_load, store.run_id)
    calls = await store.planned()
    stop, problem = None, None
    if calls:
        dispatcher = await _dispatch(store, setup, calls)
        stop, problem = dispatcher.stop, dispatcher.problem
    if stop == "shutdown":
        await store.release()
        raise ShuttingDown
    if stop == "cancelled":
        await store.end("cancelled", None)
    elif stop == "budget":
        await store.end("paused", "The next calls could cost more than is left of the budget: raise it to go on.")
    elif stop == "failed":
        await store.end("failed", f"{problem} Mend that, then resume: what was answered stays.")
    elif await store.unknown():
        await store.end("needs_decision", None)
    else:
        await asyncio.to_thread(_score, store.run_id, store.lease)


async def _dispatch(store: RunStore, setup: Setup, calls: list[Call]) -> Dispatcher:
    from app.gateway.chat import complete
    from app.gateway.client import open_http

    seconds = float(get_settings().call_timeout_seconds)
    async with open_http(setup.connection, connections=setup.slots, seconds=seconds) as http:

        async def ask(body: dict[str, Any], call_id: str) -> Answer | Failure:
            return await complete(http, setup.connection, body, call_id, seconds)

        dispatcher = Dispatcher(store, ask, setup.asked, calls, setup.slots)
        with when_stopping(lambda: dispatcher.stop_for("shutdown")):
            await dispatcher.run()
    return dispatcher


def _load(run_id: str) -> Setup:
    with transaction() as session:
        run = session.get_one(EvalRun, run_id)
        candidate = session.get_one(Candidate, run.candidate_id)
        provider = session.get(Provider, candidate.provider_id) if candidate.provider_id else None
    if provider is None or provider.disabled_at:
        raise CannotStart("The candidate's provider was disabled: clone the candidate for another one.")
    try:
        connection = connection_to(provider)
    except UnreadableKey as error:
        raise CannotStart(f"{provider.name}: {error}") from error
    price = candidate.price
    if price is None and provider.kind == "local_engine":
        price = {"input": 0.0, "output": 0.0}  # a local model costs nothing until an hourly rate is set
    asked = Asked(
        candidate.model, candidate.system_prompt, candidate.prompt_template, dict(candidate.parameters), price
    )
    return Setup(asked, connection, max(1, min(run.concurrency, provider.max_concurrency)))


def _score(run_id: str, lease: int) -> None:
    """Grade and end the run in one transaction, fenced like every other write."""
    with transaction() as session:
        session.execute(text("set local idle_in_transaction_session_timeout = '60s'"))
        run = _held_run(session, run_id, lease)
        grading.score(session, run)
        run.lease_expires_at = None


def _failed(run_id: str, lease: int, error: Exception) -> None:
    """A bug of ours ends the run in sight; resuming goes on where it stopped."""
    with transaction() as session:
        run = _held_run(session, run_id, lease)
        run.status, run.lease_expires_at = "failed", None
        run.error = f"The runner stopped on an error of its own ({type(error).__name__}); the log has the details."


def _held_run(session: Session, run_id: str, lease: int) -> EvalRun:
    query = select(EvalRun).where(EvalRun.id == run_id, EvalRun.lease == lease, EvalRun.status == "running")
    run = session.scalar(query.with_for_update())
    if run is None:
        raise LeaseLost(run_id)
    return run
