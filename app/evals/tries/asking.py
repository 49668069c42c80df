"""The worker's part of a try: its few calls to judges, then the grades."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from app.core.db import transaction
from app.core.settings import get_settings
from app.evals.graders import parse_spec
from app.evals.judges.work import JudgeWork
from app.evals.runner.errors import CannotStart, LeaseLost
from app.evals.runner.setups import JUDGE_DISABLED, connection_of
from app.evals.runner.store import Call
from app.evals.tries import grades
from app.evals.tries.models import GraderTry
from app.evals.tries.store import TRIES, Place, TryStore, open_store
from app.gateway.answers import Answer
from app.gateway.chat import complete
from app.gateway.client import Connection, Http, open_http
from app.gateway.failures import Failure
from app.gateway.ledger import Finished
from app.gateway.retrying import wait_before_next

log = logging.getLogger(__name__)
AT_A_TIME = 5
KEPT = ("status", "score", "label", "reason", "problem")


async def run_try(try_id: str) -> None:
    """Ask for all that is planned, then grade. Cut off at any moment, it goes on from there."""
    await ask_judges(try_id, TRIES, _judges, grades.finish)


async def ask_judges(
    work_id: str, place: Place, load: Callable[[str], JudgeWork], finish: Callable[[str, int], object]
) -> None:
    """Ask the judges of a piece of work in ``place``. ``load`` knows its asks; ``finish`` ends it, with its id and
    lease, and raises LeaseLost."""
    async with open_store(work_id, place) as store:
        with suppress(LeaseLost):  # another worker has it, and ends it
            if await store.take_over():
                await _work(store, load, finish)


async def _work(store: TryStore, load: Callable[[str], JudgeWork], finish: Callable[[str, int], object]) -> None:
    try:
        work = await asyncio.to_thread(load, store.try_id)
        calls = await store.planned()
        for provider_id in dict.fromkeys(call.provider_id for call in calls):
            await _ask_provider(store, work, provider_id, [c for c in calls if c.provider_id == provider_id])
        await asyncio.to_thread(finish, store.try_id, store.lease)
    except CannotStart as error:
        await store.fail(str(error))
    except LeaseLost:
        raise
    except Exception as error:
        log.exception("%s %s broke", store.place.purpose, store.try_id)
        await store.fail(f"It stopped on an error of its own ({type(error).__name__}); the log has the details.")


def _judges(try_id: str) -> JudgeWork:
    with transaction() as session:
        row = session.get_one(GraderTry, try_id)
        return JudgeWork(row.run_id, {ask.key: ask for ask in parse_spec(row.grader).definition.asks})


def _connection(provider_id: str) -> Connection:
    with transaction() as session:
        return connection_of(session, provider_id, JUDGE_DISABLED)[1]


async def _ask_provider(store: TryStore, work: JudgeWork, provider_id: str, calls: Sequence[Call]) -> None:
    connection = await asyncio.to_thread(_connection, provider_id)
    seconds = float(get_settings().call_timeout_seconds)
    free = asyncio.Semaphore(AT_A_TIME)
    async with open_http(connection, connections=AT_A_TIME, seconds=seconds) as http:

        async def one(call: Call) -> None:
            async with free:
                await _ask(store, work, http, connection, call)

        await work.body(calls[0], calls)  # everything is loaded before the first call goes out
        ended = await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error


async def _ask(store: TryStore, work: JudgeWork, http: Http, connection: Connection, call: Call) -> None:
    """Ask once, and again where the call certainly was not billed. Raises CannotStart where none will be answered."""
    seconds = float(get_settings().call_timeout_seconds)
    while await store.send(call):
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await complete(http, connection, await work.body(call, ()), call.id, seconds)
        if isinstance(answer, Answer):
            ended = work.answered(call, answer, (loop.time() - began) * 1000)
            await store.finish(call, ended.finished, {name: (ended.row or {}).get(name) for name in KEPT})
            return
        meaning = answer.meaning
        failed = Finished(call.id, meaning.state, None, {"kind": answer.kind, "message": answer.message})
        wait = wait_before_next(answer, call.tries, random.random())  # noqa: S311 (jitter)
        lost = None if wait is not None else {"status": "failed", "problem": answer.message}
        await store.finish(call, failed, lost)
        if wait is None:
            _refuse(answer)
            return
        await asyncio.sleep(wait)
        call = replace(call, id=await store.again(call), tries=call.tries + 1)


def _refuse(failure: Failure) -> None:
    if failure.meaning.stops_run or failure.kind == "unreachable":
        raise CannotStart(failure.message)
