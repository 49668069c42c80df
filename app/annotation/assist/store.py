"""What the runner of a batch reads and writes on its own connection. Each write proves that the batch is still ours.

The lease is that of eval runs: whoever takes a batch over adds one to ``lease``; once another worker has done so, the
UPDATE that every transaction begins with finds no row, and nothing is written.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from app.core.db import conninfo
from app.core.freezing import limits
from app.gateway import ledger
from app.gateway.ledger import Cursor, Finished
from app.jobs.coming_back import LeaseLost

LEASE_SECONDS = 8.0
Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class Call:
    """A planned call. Its item in the ledger is the example; ``tries`` counts this worker's attempts."""

    id: str
    example_id: str
    estimate: float
    tries: int = 1


@dataclass(frozen=True)
class Go:
    """May the next call be sent; ``why`` not: 'cancelled', 'budget', or it is not planned any more ('gone')."""

    send: bool
    why: str | None = None


class BatchStore:
    def __init__(self, connection: Connection, batch_id: str) -> None:
        self.connection, self.batch_id = connection, batch_id
        self.lease, self.worker, self.purpose = 0, "", ""
        self.refusal: str | None = None  # what the project's budget says

    async def take_over(self) -> str | None:
        """Take the batch if nobody holds it: what a worker before had sent and not finished becomes unknown.

        Answers 'taken', 'held' (somebody is at it) or None (nothing to do).
        """
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                "select status in ('queued', 'running'), lease_expires_at > clock_timestamp(), kind "
                "from model_batches where id = %s for update",
                (self.batch_id,),
            )
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return None
            if row[1]:
                return "held"
            self.purpose = row[2]
            await cursor.execute(
                "update model_batches set lease = lease + 1, status = 'running', error = null, "
                "started_at = coalesce(started_at, clock_timestamp()), "
                "lease_expires_at = clock_timestamp() + make_interval(secs => %s) where id = %s returning lease",
                (LEASE_SECONDS, self.batch_id),
            )
            taken = await cursor.fetchone()
            assert taken is not None
            self.lease = taken[0]
            self.worker = f"{socket.gethostname()}:{os.getpid()}:{self.lease}"
            await ledger.give_up(cursor, self.batch_id, self.purpose)
        return "taken"

    async def planned(self) -> list[Call]:
        async with self.connection.cursor() as cursor:
            await cursor.execute(
                "select id::text, item, coalesce(cost_estimate, 0)::float8 from paid_calls "
                "where subject_id = %s and purpose = %s and state = 'planned' order by item",
                (self.batch_id, self.purpose),
            )
            return [Call(*row) for row in await cursor.fetchall()]

    async def answered(self) -> list[str]:
        """Examples whose answer was stored and not read yet."""
        async with self.connection.cursor() as cursor:
            await cursor.execute(
                "select example_id::text from model_batch_items where batch_id = %s and state = 'answered' "
                "order by example_id",
                (self.batch_id,),
            )
            return [row[0] for row in await cursor.fetchall()]

    async def send(self, call: Call) -> Go:
        """Commit the call as sent, if the batch was not cancelled and its budget still covers it."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            cancelled, budget, spent = await self._prove_lease(cursor)
            if cancelled:
                return Go(False, "cancelled")
            if budget is not None:
                held = await ledger.held(cursor, self.batch_id)
                if spent + held + call.estimate > budget:
                    return Go(False, "budget")
            marked = await ledger.mark_sent(cursor, self.worker, [call.id])
            self.refusal = self.refusal or marked.refusal
            return Go(call.id in marked.sent, None if marked.sent else "budget" if marked.over_budget else "gone")

    async def finish(
        self,
        call: Call,
        ended: Finished,
        item: tuple[str, str | None, str | None] | None,
        measured: dict[str, Any] | None = None,
    ) -> None:
        """How a call ended; ``item`` (state, answer, reason) goes to its example, None while it is tried again.
        ``measured``: how long the answer took and what it used."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, ended.cost)
            await ledger.finish(cursor, self.worker, [ended])
            if item is not None:
                await self._end_item(cursor, call.example_id, *item, measured=measured)

    async def drop(self, call: Call, reason: str) -> None:
        """The example must not be sent any more: the call is forgotten, the item says why."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor)
            await cursor.execute("delete from paid_calls where id = %s and state = 'planned'", (call.id,))
            await self._end_item(cursor, call.example_id, "failed", None, reason)

    async def again(self, call: Call) -> str:
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor)
            return (await ledger.plan_again(cursor, [call.id]))[call.id]

    async def renew(self) -> bool:
        """Whether somebody asked to cancel."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            return (await self._prove_lease(cursor))[0]

    async def end(self, status: str, error: str | None) -> None:
        """Release the batch in this state; calls cut off on the way become unknown."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                "update model_batches set status = %s::text, error = %s, lease_expires_at = null, finished_at = "
                "case when %s::text in ('succeeded', 'failed', 'cancelled') then clock_timestamp() end "
                "where id = %s and lease = %s and status = 'running'",
                (status, error, status, self.batch_id, self.lease),
            )
            if cursor.rowcount == 1:
                await ledger.give_up(cursor, self.batch_id, self.purpose)

    async def release(self) -> None:
        """Let the next worker take it at once; calls cut off on the way become unknown."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                "update model_batches set lease_expires_at = null where id = %s and lease = %s",
                (self.batch_id, self.lease),
            )
            if cursor.rowcount == 1:
                await ledger.give_up(cursor, self.batch_id, self.purpose)

    async def unknown(self) -> int:
        async with self.connection.cursor() as cursor:
            return await ledger.count(cursor, self.batch_id, self.purpose, "unknown")

    async def _end_item(
        self,
        cursor: Cursor,
        example_id: str,
        state: str,
        answer: str | None,
        reason: str | None,
        measured: dict[str, Any] | None = None,
    ) -> None:
        await cursor.execute(
            "update model_batch_items set state = %s, answer = %s, reason = %s, measured = %s::jsonb "
            "where batch_id = %s and example_id = %s",
            (state, answer, reason, orjson.dumps(measured or {}).decode(), self.batch_id, example_id),
        )
        if state == "failed":
            await cursor.execute(
                "update model_batches set done = done + 1, failed = failed + 1 where id = %s", (self.batch_id,)
            )

    async def _prove_lease(self, cursor: Cursor, cost: float | None = None) -> tuple[bool, float | None, float]:
        """(somebody asked to cancel, budget, dollars spent so far)."""
        await cursor.execute(
            "update model_batches set cost = case when %s::float8 is null then cost else coalesce(cost, 0) + %s end, "
            "lease_expires_at = clock_timestamp() + make_interval(secs => %s) "
            "where id = %s and lease = %s and status = 'running' "
            "returning cancel_requested_at is not null, budget::float8, coalesce(cost, 0)::float8",
            (cost, cost or 0.0, LEASE_SECONDS, self.batch_id, self.lease),
        )
        row = await cursor.fetchone()
        if row is None:
            raise LeaseLost(self.batch_id)
        return row[0], row[1], row[2]


@asynccontextmanager
async def open_store(batch_id: str) -> AsyncIterator[BatchStore]:
    connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
    await connection.execute(limits(connection, idle=LEASE_SECONDS, whole=2 * LEASE_SECONDS))
    try:
        yield BatchStore(connection, batch_id)
    finally:
        await connection.close()
