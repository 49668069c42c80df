"""One batch from taking it over to its end: a few calls at a time, each answer stored before it is used."""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, replace
from typing import Any

from app.annotation.assist import taking
from app.annotation.assist.errors import CannotStart, NotSent
from app.annotation.assist.store import LEASE_SECONDS, BatchStore, Call, open_store
from app.annotation.assist.taking import Setup
from app.core.settings import get_settings
from app.gateway.answers import Answer
from app.gateway.failures import Failure
from app.gateway.ledger import Finished
from app.gateway.retrying import wait_before_next
from app.jobs.coming_back import DATABASE_TROUBLE, LeaseLost, ShuttingDown, StillHeld
from app.jobs.stopping import when_stopping

log = logging.getLogger(__name__)
SLOTS = 4
RENEW_SECONDS = 2.0
TAKE_OVER_SECONDS = LEASE_SECONDS + 4
GRACE_SECONDS = 10.0  # for calls under way when the batch is told to stop
WORDS = {
    "budget": "The next call could cost more than is left of the budget: raise it to go on.",
    "length": "The answer reached the token limit before it was finished.",
}


@dataclass
class Stop:
    """Why nothing more is sent: 'cancelled', 'budget', 'shutdown', 'failed' with the problem, or None."""

    reason: str | None = None
    problem: str | None = None

    def say(self, reason: str, problem: str | None = None) -> None:
        if self.reason is None:
            self.reason, self.problem = reason, problem


async def run_batch(batch_id: str) -> None:
    """Ask for all that is wanted and missing. Cut off at any moment, it goes on from there."""
    async with open_store(batch_id) as store:
        if not await _take_over(store):
            return
        try:
            await _work(store)
        except LeaseLost as error:
            raise StillHeld from error
        except CannotStart as error:
            await store.end("failed", str(error))
        except ShuttingDown:
            await store.release()
            raise
        except DATABASE_TROUBLE:
            raise
        except Exception as error:
            log.exception("model batch %s broke", batch_id)
            await store.end("failed", f"The runner stopped on an error of its own ({type(error).__name__}).")


async def _take_over(store: BatchStore) -> bool:
    deadline = asyncio.get_running_loop().time() + TAKE_OVER_SECONDS
    while (taken := await store.take_over()) == "held":
        if asyncio.get_running_loop().time() > deadline:
            raise StillHeld
        await asyncio.sleep(0.2 + random.random() / 5)  # noqa: S311 (jitter)
    return taken == "taken"


async def _work(store: BatchStore) -> None:
    setup = await asyncio.to_thread(taking.load, store.batch_id)
    for example_id in await store.answered():  # paid for by a worker before us
        await asyncio.to_thread(taking.take, store.batch_id, store.lease, example_id)
    stop = Stop()
    calls = await store.planned()
    if calls:
        await asyncio.to_thread(taking.prepare, store.batch_id)
        await _ask_all(store, setup, calls, stop)
    if stop.reason == "shutdown":
        raise ShuttingDown
    if stop.reason == "cancelled":
        await store.end("cancelled", None)
    elif stop.reason == "budget":
        await store.end("paused", store.refusal or WORDS["budget"])
    elif stop.reason == "failed":
        await store.end("failed", f"{stop.problem} Mend that, then resume: what was answered stays.")
    else:
        await store.end("needs_decision" if await store.unknown() else "succeeded", None)


async def _ask_all(store: BatchStore, setup: Setup, calls: list[Call], stop: Stop) -> None:
    from app.gateway.client import open_http

    waiting = list(reversed(calls))
    seconds = float(get_settings().call_timeout_seconds)
    slots = max(1, min(SLOTS, setup.slots, len(calls)))
    async with open_http(setup.connection, connections=slots, seconds=seconds) as http:
        asker = Asker(store, setup, http, seconds, stop)
        renewing = asyncio.create_task(_renew(store, asker.writing, stop))
        working = [asyncio.create_task(asker.work(waiting)) for _ in range(slots)]
        try:
            with when_stopping(lambda: stop.say("shutdown")):
                await _until_done(working, renewing, stop)
        finally:
            for task in (renewing, *working):
                task.cancel()
            await asyncio.gather(renewing, *working, return_exceptions=True)


async def _until_done(working: list[asyncio.Task[None]], renewing: asyncio.Task[None], stop: Stop) -> None:
    """Until every slot has ended; told to stop, calls under way have a grace period and are then cut off."""
    deadline = None
    pending: set[asyncio.Task[None]] = set(working)
    while pending:
        done, pending = await asyncio.wait([*pending, renewing], timeout=0.25, return_when=asyncio.FIRST_COMPLETED)
        pending.discard(renewing)
        for task in done:
            task.result()  # a lost lease ends everything
        if stop.reason:
            deadline = deadline or asyncio.get_running_loop().time() + GRACE_SECONDS
            if asyncio.get_running_loop().time() > deadline:
                return


async def _renew(store: BatchStore, writing: asyncio.Lock, stop: Stop) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        async with writing:
            if await store.renew():
                stop.say("cancelled")


class Asker:
    """``writing``: the store has one connection, and one transaction at a time."""

    def __init__(self, store: BatchStore, setup: Setup, http: Any, seconds: float, stop: Stop) -> None:
        self.store, self.setup, self.http, self.seconds, self.stop = store, setup, http, seconds, stop
        self.writing = asyncio.Lock()

    async def work(self, waiting: list[Call]) -> None:
        while waiting and self.stop.reason is None:
            call: Call | None = waiting.pop()
            while call is not None and self.stop.reason is None:
                call = await self._one(call)

    async def _one(self, call: Call) -> Call | None:
        """Ask once. Answers the next attempt where the call certainly was not billed and may be made again."""
        from app.gateway.chat import complete

        batch_id, lease = self.store.batch_id, self.store.lease
        try:
            body = await asyncio.to_thread(taking.body, batch_id, call.example_id)
        except NotSent as error:
            async with self.writing:
                await self.store.drop(call, str(error))
            return None
        async with self.writing:
            go = await self.store.send(call)
        if not go.send:
            if go.why != "gone":
                self.stop.say(go.why or "failed")
            return None
        began = time.perf_counter()
        answer = await complete(self.http, self.setup.connection, body, call.id, self.seconds)
        milliseconds = (time.perf_counter() - began) * 1000
        if isinstance(answer, Failure):
            return await self._failed(call, answer)
        await self._answered(call, answer, milliseconds)
        async with self.writing:  # one reader at a time: what one answer brings is compared with what another brought
            await asyncio.to_thread(taking.take, batch_id, lease, call.example_id)
        return None

    async def _answered(self, call: Call, answer: Answer, milliseconds: float) -> None:
        done = Finished(call.id, "done", taking.cost(self.setup.price, answer))
        measured = {"latency_ms": milliseconds, "cost": done.cost}
        measured |= {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
        text = answer.text or ""
        kept = ("answered", text, None) if answer.complete else ("failed", text, WORDS["length"])
        async with self.writing:
            await self.store.finish(call, done, kept, measured)

    async def _failed(self, call: Call, failure: Failure) -> Call | None:
        meaning = failure.meaning
        ended = Finished(call.id, meaning.state, None, {"kind": failure.kind, "message": failure.message})
        wait = wait_before_next(failure, call.tries, random.random())  # noqa: S311 (jitter)
        again = wait is not None or meaning.stops_run or failure.kind == "unreachable"
        lost = meaning.state == "unknown" or again
        async with self.writing:
            await self.store.finish(call, ended, None if lost else ("failed", None, failure.message))
            next_id = await self.store.again(call) if again else None
        if meaning.stops_run or (failure.kind == "unreachable" and wait is None):
            self.stop.say("failed", failure.message)
            return None
        if wait is None or next_id is None:
            return None
        await asyncio.sleep(wait)
        return replace(call, id=next_id, tries=call.tries + 1)
