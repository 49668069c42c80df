"""All that the runner reads and writes, on one connection. Each write proves that the run is still this worker's.

Every transaction begins with an UPDATE of the run under the number of its lease (``lease.py``); once another worker has
taken over, the UPDATE finds no row and nothing is written.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg.types.json import set_json_loads

from app.core.db import conninfo
from app.core.freezing import limits, may_pipeline
from app.evals.runner.asking import Case
from app.evals.runner.errors import LeaseLost
from app.evals.runner.lease import LEASE_SECONDS, leased
from app.evals.runner.stages import OUTPUTS, PURPOSES
from app.gateway import ledger
from app.gateway.ledger import Cursor, Finished

COUNTED_ANEW = (
    ", started_at = coalesce(started_at, clock_timestamp()), "
    "done = (select count(*) from outputs where run_id = eval_runs.id), "
    "failed = (select count(*) from outputs where run_id = eval_runs.id and status <> 'complete'), "
    "judge_cost = (select sum(cost) from paid_calls where subject_id = eval_runs.id and purpose = 'judge'), "
    "cost = (select sum(cost) from (select cost from outputs where run_id = eval_runs.id union all "
    "select cost from paid_calls where subject_id = eval_runs.id and purpose = 'judge') x)"
)
RUNS = leased("eval_runs", PURPOSES, COUNTED_ANEW)


@dataclass(frozen=True)
class Call:
    """A planned call of the run. ``item`` says what for (case and repeat, or output and judge); ``tries`` counts the
    attempts that this worker made for it."""

    id: str
    item: str
    provider_id: str
    estimate: float | None
    tries: int = 1


@dataclass(frozen=True)
class Ended:
    """A call that has ended: its ledger row, and what it brought (None while unknown or tried again)."""

    finished: Finished
    row: dict[str, Any] | None
    again: bool = False


@dataclass(frozen=True)
class Step:
    """What one slot of the dispatcher writes at once: the call that ended, and the next one that it wants to send."""

    ended: Ended | None
    send: Call | None


@dataclass(frozen=True)
class Written:
    """``may_send`` says that the next call is committed as sent; ``again_id`` is the new attempt of the ended one."""

    may_send: bool
    again_id: str | None
    cancel: bool
    over_budget: bool


class RunStore:
    """``stage`` is what the run is at: asking for outputs, then for judgements of them. Work of another kind has a
    store of its own with its ``table`` and its ``stage``."""

    table = RUNS

    def __init__(self, connection: psycopg.AsyncConnection[Any], run_id: str) -> None:
        self.connection, self.run_id = connection, run_id
        self.stage = OUTPUTS
        self.lease = 0
        self.worker = ""
        self.unlimited = False  # the run is known to have no budget
        self.refusal: str | None = None  # what the project's budget says, where that stopped it
        self.stored: Callable[[Sequence[dict[str, Any]]], None] = lambda rows: None  # told of rows that are committed
        self._in_use = asyncio.Lock()  # a read must not land in the middle of somebody's transaction

    async def take_over(self) -> str | None:
        """Take the run if nobody holds it: what the worker before had sent and not finished becomes unknown.

        Answers 'taken', 'held' (somebody works on it, or its row is locked: try again later) or None (there is nothing
        to run). It does not wait for the row, or the server would end this transaction with the one that it waits for.
        """
        try:
            return await self._take_over()
        except psycopg.errors.LockNotAvailable:
            return "held"

    async def _take_over(self) -> str | None:
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(f"{self.table.held} nowait", (self.run_id,))
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return None
            if row[1]:
                return "held"
            await cursor.execute(self.table.take, (LEASE_SECONDS, self.run_id))
            taken = await cursor.fetchone()
            assert taken is not None
            self.lease = taken[0]
            self.worker = f"{socket.gethostname()}:{os.getpid()}:{self.lease}"
            await self._give_up(cursor)
        return "taken"

    async def planned(self) -> list[Call]:
        """The calls of this stage that wait to be sent, in the order of the cases."""
        async with self.connection.cursor() as cursor:
            await cursor.execute(self.stage.planned, (self.run_id, self.stage.purpose))
            return [Call(*row) for row in await cursor.fetchall()]

    async def cases(self, case_ids: Sequence[str]) -> dict[str, Case]:
        async with self._in_use, self.connection.cursor() as cursor:
            await cursor.execute(
                "select id::text, messages, tools, expected, behavior, tags, extra from test_cases "
                "where id = any(%s::uuid[])",
                (list(case_ids),),
            )
            return {row[0]: Case(*row) for row in await cursor.fetchall()}

    async def write(self, steps: Sequence[Step]) -> list[Written]:
        """One transaction for all steps. Raises LeaseLost, and then nothing of them was written.

        In a pipeline: what needs no answer at once goes out together, so that many short steps do not wait for as many
        round trips. A run without a budget marks its next calls in the same trip.
        """
        ended = [step.ended for step in steps if step.ended]
        finished = [one.finished for one in ended]
        rows = [one.row for one in ended if one.row]
        async with self._in_use, self._together() as pipeline, self.connection.transaction():
            count = await self.count(ended)
            finishing, cursor = self.connection.cursor(), self.connection.cursor()
            if ended:
                await ledger.write_finished(finishing, self.worker, finished)
            if rows:
                await self.insert(cursor, rows)
            wanted = [step.send for step in steps if step.send]
            sending = self.connection.cursor()
            early = [call.id for call in wanted] if self.unlimited else []
            if early:
                await ledger.begin_sending(sending, self.worker, early)
            cancel, budget, spent = await self.proven(count)
            self.unlimited = budget is None  # no budget comes to a run while it is held
            retried = [one.finished.call_id for one in ended if one.again]
            again = await ledger.plan_again(cursor, retried) if retried else {}
            allowed = [] if cancel else early or await self._within_budget(cursor, wanted, budget, spent)
            if early:
                marked = await ledger.marked(sending, self.worker, early)
                if cancel:
                    await ledger.put_back(sending, early)
                    marked = ledger.Marked(frozenset())
            else:
                marked = await ledger.mark_sent(sending, self.worker, allowed)
            if ended:
                if pipeline and finishing.rowcount < 0:  # nothing was asked for after it: its result is not here yet
                    await pipeline.sync()
                ledger.check_finished(finishing, finished)
        self.refusal = self.refusal or marked.refusal
        self.stored(rows)
        return [
            Written(
                may_send=step.send is not None and step.send.id in marked.sent,
                again_id=again.get(step.ended.finished.call_id) if step.ended else None,
                cancel=cancel,
                over_budget=step.send is not None
                and not cancel
                and (step.send.id not in allowed or step.send.id in marked.over_budget),
            )
            for step in steps
        ]

    def _together(self) -> AbstractAsyncContextManager[psycopg.AsyncPipeline | None]:
        return self.connection.pipeline() if may_pipeline(self.connection) else nullcontext()

    async def end(self, status: str, error: str | None) -> bool:
        """Release the run in this state; calls cut off on the way become unknown. False where it was taken from us."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(self.table.end, (status, error, status, self.run_id, self.lease))
            ours = cursor.rowcount == 1
            if ours:
                await self._give_up(cursor)
        return ours

    async def release(self) -> None:
        """Let the next worker take the run at once; it stays running, and calls cut off on the way become unknown."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(self.table.release, (self.run_id, self.lease))
            if cursor.rowcount == 1:
                await self._give_up(cursor)

    async def unknown(self) -> int:
        async with self.connection.cursor() as cursor:
            return sum([await ledger.count(cursor, self.run_id, purpose, "unknown") for purpose in self.table.purposes])

    async def _give_up(self, cursor: Cursor) -> None:
        for purpose in self.table.purposes:
            await ledger.give_up(cursor, self.run_id, purpose)

    async def insert(self, cursor: Cursor, rows: Sequence[dict[str, Any]]) -> None:
        await cursor.execute(self.stage.insert, (orjson.dumps(rows).decode(),))

    async def count(self, ended: Sequence[Ended]) -> Cursor:
        """Count what ended, which proves the lease."""
        rows = [one.row for one in ended if one.row]
        costs = [one.finished.cost for one in ended if one.finished.cost is not None]
        return await self.connection.execute(
            self.stage.count,
            {
                "rows": len(rows),
                "bad": sum(row["status"] not in ("complete", "given") for row in rows),
                "known": sum(costs) if costs else None,
                "cost": sum(costs),
                "lease_seconds": LEASE_SECONDS,
                "run": self.run_id,
                "lease": self.lease,
            },
        )

    async def proven(self, count: Cursor) -> tuple[bool, float | None, float]:
        """(somebody asked to cancel, budget, dollars spent so far)."""
        row = await count.fetchone()
        if row is None:
            raise LeaseLost(self.run_id)
        return row[0], row[1], row[2]

    async def _within_budget(
        self, cursor: Cursor, wanted: Sequence[Call], budget: float | None, spent: float
    ) -> list[str]:
        """Ids of the calls that may be sent: what is spent, held and estimated stays within the budget."""
        if budget is None or not wanted:
            return [call.id for call in wanted]
        left = budget - spent - await ledger.held(cursor, self.run_id)
        allowed = []
        for call in wanted:
            left -= call.estimate or 0.0
            if left < 0:
                break
            allowed.append(call.id)
        return allowed


@asynccontextmanager
async def leased_connection() -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """For a store: a worker that freezes in the middle of a transaction must not keep the row locked against the next
    one."""
    connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
    set_json_loads(orjson.loads, connection)
    await connection.execute(limits(connection, idle=LEASE_SECONDS, whole=2 * LEASE_SECONDS))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def open_store(run_id: str) -> AsyncIterator[RunStore]:
    async with leased_connection() as connection:
        yield RunStore(connection, run_id)
