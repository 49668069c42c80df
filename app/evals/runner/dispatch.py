"""Keeps a run's calls in flight: ``slots`` coroutines, each with one call under way at most.

A slot writes the call that ended and the next one that it wants to send in one step; steps of one moment share a
commit. So an output is stored before its slot goes on, and nothing is sent before it stands in the ledger as sent.
"""

import asyncio
import heapq
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from app.evals.runner.store import Call, Ended, RunStore, Step, Written
from app.gateway.answers import Answer
from app.gateway.failures import Failure
from app.gateway.group_commit import GroupCommit
from app.gateway.ledger import Finished
from app.gateway.pacing import Pace, Taken
from app.gateway.retrying import wait_before_next

AT_A_TIME = 256
RENEW_SECONDS = 0.5
GRACE_SECONDS = 4.0  # how long calls under way may still answer after the run was told to stop
GRACE_AT_SHUTDOWN = 12.0  # and when the worker is told to stop: it is cut off after 15
STOP_AFTER = 3  # this many cases in a row that the provider does not allow: every other would fail too
TRIES_WHEN_NOT_ALLOWED = 3

Task = asyncio.Task[None]
Ask = Callable[[dict[str, Any], str], Awaitable[Answer | Failure]]


class Work(Protocol):
    """What the calls are for: makes their requests, and rows of what came back."""

    async def body(self, call: Call, coming: Sequence[Call]) -> dict[str, Any]:
        """The request; ``coming`` are the calls after it, whose material may be fetched with it."""

    def answered(self, call: Call, answer: Answer, milliseconds: float) -> Ended: ...

    def failed(self, call: Call, message: str) -> dict[str, Any]:
        """The row of a call that failed for good."""


class Dispatcher:
    """``stop`` says why nothing more is sent: None (all sent), 'cancelled', 'budget', 'shutdown', or 'failed'."""

    def __init__(
        self, store: RunStore, ask: Ask, work: Work, calls: Sequence[Call], slots: int, pace: Pace | None = None
    ) -> None:
        self.store, self.ask, self.work, self.slots = store, ask, work, slots
        self.pace = pace or Pace(None, None)
        self.taken: dict[str, Taken] = {}  # of calls under way, by their ids
        self.commits: GroupCommit[Step, Written] = GroupCommit(store.write)
        self.waiting = list(reversed(calls))
        self._calls, self._places = calls, {call.item: place for place, call in enumerate(calls)}
        self.retries: list[tuple[float, str, Call]] = []
        self.stop: str | None = None
        self.problem: str | None = None
        self.not_before = 0.0
        self.refused: set[str] = set()  # items that the provider did not allow since the last answer
        self._under_way = 0
        self.stopped, self._wake = asyncio.Event(), asyncio.Event()
        self._loading = asyncio.Lock()

    async def run(self) -> None:
        """Return when every call has ended, or when told to stop and the calls under way have had their time."""
        slots = [asyncio.create_task(self._slot()) for _ in range(min(self.slots, len(self.waiting)))]
        renewing = asyncio.create_task(self._renew_for_ever())
        stopped = asyncio.create_task(self.stopped.wait())
        try:
            while slots and not stopped.done():
                slots = await self._until_one_ends(slots, renewing, stopped)
            grace = GRACE_AT_SHUTDOWN if self.stop == "shutdown" else GRACE_SECONDS
            deadline = time.monotonic() + grace
            while slots and time.monotonic() < deadline:
                slots = await self._until_one_ends(slots, renewing, timeout=deadline - time.monotonic())
            await self.commits.flush()
        finally:  # a call that is still under way is cut off: it stays sent, and becomes unknown
            for task in (renewing, stopped, *slots):
                task.cancel()
            await asyncio.gather(renewing, stopped, *slots, return_exceptions=True)

    def stop_for(self, reason: str, problem: str | None = None) -> None:
        """Send nothing more. The first reason counts."""
        if self.stop is None:
            self.stop, self.problem = reason, problem
        self.stopped.set()
        self._wake.set()

    async def _until_one_ends(
        self, slots: list[Task], *others: asyncio.Task[Any], timeout: float | None = None
    ) -> list[Task]:
        done, _ = await asyncio.wait([*slots, *others], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # a lost lease ends everything
        return [slot for slot in slots if slot not in done]

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            self._heed(await self.commits.add(Step(None, None)))

    async def _slot(self) -> None:
        ended: Ended | None = None
        tried: tuple[Call, float] | None = None  # the ended call where it is tried again, and when
        while True:
            call = self._next() if ended else await self._wait_for_next()
            if call is None and ended is None:
                return
            written = await self.commits.add(Step(ended, call))
            self._heed(written)
            if tried and written.again_id:
                again = replace(tried[0], id=written.again_id, tries=tried[0].tries + 1)
                heapq.heappush(self.retries, (tried[1], again.id, again))
            if ended:
                self._put_down()
            ended = tried = None
            if call is None:
                continue
            if written.may_send:
                ended, tried = await self._call(call)
            else:
                self.pace.put_back(self.taken.pop(call.id))
                self._put_down()

    def _next(self) -> Call | None:
        """A call that may be sent now."""
        now = time.monotonic()
        if self.stop is not None or now < self.not_before or self.pace.wait(now) > 0:
            return None
        if self.retries and self.retries[0][0] <= now:
            return self._take(heapq.heappop(self.retries)[2], now)
        return self._take(self.waiting.pop(), now) if self.waiting else None

    def _take(self, call: Call, now: float) -> Call:
        self._under_way += 1
        self.taken[call.id] = self.pace.take(now)
        return call

    async def _wait_for_next(self) -> Call | None:
        """The next call, waited for; None when all have ended or nothing more is to be sent."""
        while self.stop is None:
            call = self._next()
            if call or not (self.waiting or self.retries or self._under_way):
                return call
            now = time.monotonic()
            due = max(self.not_before, self.retries[0][0] if self.retries and not self.waiting else 0.0)
            due = max(due, now + self.pace.wait(now))
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(max(due - time.monotonic(), 0.0) or 1.0, 1.0))
        return None

    def _put_down(self) -> None:
        self._under_way -= 1
        if self.retries or not self._under_way:
            self._wake.set()

    def _heed(self, written: Written) -> None:
        if written.cancel:
            self.stop_for("cancelled")
        elif written.over_budget:
            self.stop_for("budget")

    async def _call(self, call: Call) -> tuple[Ended, tuple[Call, float] | None]:
        async with self._loading:
            body = await self.work.body(call, self._coming(call))
        began = time.perf_counter()
        answer = await self.ask(body, call.id)
        milliseconds = (time.perf_counter() - began) * 1000
        taken = self.taken.pop(call.id)
        if isinstance(answer, Answer):
            self.pace.took(taken, (answer.input_tokens or 0) + (answer.output_tokens or 0))
            self.refused.clear()
            return self.work.answered(call, answer, milliseconds), None
        return self._failed(call, answer)

    def _coming(self, call: Call) -> Sequence[Call]:
        """The calls after this one, under way or not: the first of many slots fetches for all of them. None after one
        that is tried again."""
        after = self._places[call.item] + 1
        return self._calls[after : after + AT_A_TIME] if call.tries == 1 else ()

    def _failed(self, call: Call, failure: Failure) -> tuple[Ended, tuple[Call, float] | None]:
        """A typed end; where the call certainly was not billed, perhaps another attempt."""
        meaning = failure.meaning
        finished = Finished(call.id, meaning.state, None, {"kind": failure.kind, "message": failure.message})
        if meaning.state == "unknown":
            return Ended(finished, None), None
        wait = wait_before_next(failure, call.tries, random.random())  # noqa: S311 (jitter)
        if meaning.stops_run:
            self.refused.add(call.item)
            wait = 0.0 if call.tries < TRIES_WHEN_NOT_ALLOWED else None
        if len(self.refused) >= STOP_AFTER or (failure.kind == "unreachable" and wait is None):
            self.stop_for("failed", failure.message)
            return Ended(finished, None, again=True), (call, 0.0)
        if wait is not None:
            due = time.monotonic() + wait
            if failure.kind != "not_allowed":
                self.not_before = max(self.not_before, due)  # a busy provider is busy for the other slots too
            return Ended(finished, None, again=True), (call, due)
        return Ended(finished, self.work.failed(call, failure.message)), None
