"""What the worker reads and writes of a try on its own connection. Each write proves that the try is still ours."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from app.core.db import conninfo
from app.evals.runner.errors import CannotStart, LeaseLost
from app.evals.runner.store import Call
from app.gateway import ledger
from app.gateway.ledger import Cursor, Finished

PURPOSE = "grader_try"


@dataclass(frozen=True)
class Place:
    """Where a piece of judging stands: a table of ours with the columns of ``grader_tries`` that are written here, and
    the purpose of its calls in the ledger."""

    table: str
    purpose: str


TRIES = Place("grader_tries", PURPOSE)


class TryStore:
    def __init__(self, connection: psycopg.AsyncConnection[Any], try_id: str, place: Place = TRIES) -> None:
        self.connection, self.try_id, self.place = connection, try_id, place
        self.lease, self.worker = 0, ""
        self._in_use = asyncio.Lock()

    async def take_over(self) -> bool:
        """Take the try; what a worker before had sent and not finished becomes unknown, and is not sent again."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                f"update {self.place.table} set lease = lease + 1, status = 'running' "  # noqa: S608 (names of our own tables)
                "where id = %s and status in ('queued', 'running') returning lease",
                (self.try_id,),
            )
            row = await cursor.fetchone()
            if row is None:
                return False
            self.lease = row[0]
            self.worker = f"{socket.gethostname()}:{os.getpid()}:{self.lease}"
            await ledger.give_up(cursor, self.try_id, self.place.purpose)
        return True

    async def planned(self) -> list[Call]:
        async with self._in_use, self.connection.cursor() as cursor:
            await cursor.execute(
                "select id::text, item, provider_id::text, cost_estimate::float8 from paid_calls "
                "where subject_id = %s and purpose = %s and state = 'planned' order by item",
                (self.try_id, self.place.purpose),
            )
            return [Call(*row) for row in await cursor.fetchall()]

    async def send(self, call: Call) -> bool:
        """Commit the call as sent; False where it must not be sent any more. CannotStart: the project's budget."""
        async with self._in_use, self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, {}, None)
            marked = await ledger.mark_sent(cursor, self.worker, [call.id])
        if marked.refusal:
            raise CannotStart(marked.refusal)
        return call.id in marked.sent

    async def finish(self, call: Call, ended: Finished, answer: dict[str, Any] | None) -> None:
        async with self._in_use, self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, {call.item: answer} if answer else {}, ended.cost)
            await ledger.finish(cursor, self.worker, [ended])

    async def again(self, call: Call) -> str:
        """The id of a new attempt for a call that certainly was not billed."""
        async with self._in_use, self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, {}, None)
            return (await ledger.plan_again(cursor, [call.id]))[call.id]

    async def fail(self, problem: str) -> None:
        """End without grades; what was planned is not sent any more."""
        async with self._in_use, self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, {}, None)
            await cursor.execute(
                f"update {self.place.table} set status = 'failed', error = %s, finished_at = clock_timestamp() "  # noqa: S608 (names of our own tables)
                "where id = %s",
                (problem, self.try_id),
            )
            await cursor.execute("delete from paid_calls where subject_id = %s and state = 'planned'", (self.try_id,))

    async def _prove_lease(self, cursor: Cursor, answers: dict[str, Any], cost: float | None) -> None:
        await cursor.execute(
            f"update {self.place.table} set answers = answers || %s::jsonb, "  # noqa: S608 (names of our own tables)
            "cost = case when %s::float8 is null then cost else coalesce(cost, 0) + %s end "
            "where id = %s and lease = %s and status = 'running'",
            (orjson.dumps(answers).decode(), cost, cost or 0.0, self.try_id, self.lease),
        )
        if cursor.rowcount != 1:
            raise LeaseLost(self.try_id)


@asynccontextmanager
async def open_store(try_id: str, place: Place = TRIES) -> AsyncIterator[TryStore]:
    connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
    try:
        yield TryStore(connection, try_id, place)
    finally:
        await connection.close()
