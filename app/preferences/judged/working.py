"""The worker's part: ask a judge about every pair of a round. Cut off at any moment, it goes on from there."""

import asyncio
import logging
from typing import Any

from app.core.db import transaction
from app.core.settings import get_settings
from app.evals.graders import parse_spec
from app.evals.runner.dispatch import Dispatcher
from app.evals.runner.errors import CannotStart
from app.evals.runner.setups import connection_of
from app.gateway.answers import Answer
from app.gateway.chat import complete
from app.gateway.client import Connection, open_http
from app.gateway.failures import Failure
from app.gateway.pacing import Pace, pace_of
from app.jobs.coming_back import DATABASE_TROUBLE, LeaseLost, ShuttingDown, StillHeld
from app.jobs.stopping import when_stopping
from app.preferences.judged.models import RoundJudge
from app.preferences.judged.requests import PairWork
from app.preferences.judged.store import JudgeStore, open_store
from app.preferences.models import PreferenceRound

log = logging.getLogger(__name__)
DISABLED = "The judge's provider was disabled."
OVER_BUDGET = "The next calls could cost more than is left of the judge's budget."
AT_A_TIME = 16
TROUBLE = (*DATABASE_TROUBLE, ShuttingDown)


async def run_judge(judge_id: str) -> None:
    async with open_store(judge_id) as store:
        taken = await store.take_over()
        if taken == "held":
            raise StillHeld
        if taken is None:
            return
        try:
            await _work(store)
        except LeaseLost as error:
            raise StillHeld from error  # the job comes back, and finds it held or done
        except CannotStart as error:
            await store.end("failed", str(error))
        except TROUBLE:
            raise
        except Exception as error:
            log.exception("judge %s broke", judge_id)
            await store.end("failed", f"It stopped on an error of its own ({type(error).__name__}); see the log.")


async def _work(store: JudgeStore) -> None:
    calls = await store.planned()
    work, connection, slots, pace = await asyncio.to_thread(_setup, store.run_id)
    seconds = float(get_settings().call_timeout_seconds)
    async with open_http(connection, connections=slots, seconds=seconds) as http:

        async def ask(body: dict[str, Any], call_id: str) -> Answer | Failure:
            return await complete(http, connection, body, call_id, seconds)

        dispatcher = Dispatcher(store, ask, work, calls, slots, pace)
        with when_stopping(lambda: dispatcher.stop_for("shutdown")):
            await dispatcher.run()
    await _end(store, dispatcher)


async def _end(store: JudgeStore, done: Dispatcher) -> None:
    if done.stop == "shutdown":
        await store.release()
        raise ShuttingDown
    if done.stop == "cancelled":
        await store.end("cancelled", None)
    elif done.stop == "budget":
        await store.end("paused", store.refusal or OVER_BUDGET)
    elif done.stop == "failed":
        await store.end("failed", f"{done.problem} Mend that, then resume: what was answered stays.")
    else:
        await store.end("succeeded", None)


def _setup(judge_id: str) -> tuple[PairWork, Connection, int, Pace | None]:
    with transaction() as session:
        judge = session.get_one(RoundJudge, judge_id)
        ask = parse_spec(judge.grader).definition.asks[0]
        provider, connection = connection_of(session, ask.provider, DISABLED)
        slots = max(1, min(AT_A_TIME, provider.max_concurrency))
        pace = pace_of(provider.id, provider.requests_per_minute, provider.tokens_per_minute)
        imported = session.get_one(PreferenceRound, judge.round_id).source == "import"
        return PairWork(judge.id, judge.round_id, ask, imported=imported), connection, slots, pace
