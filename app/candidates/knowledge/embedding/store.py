"""What the worker reads and writes of an embedding on its own connection. Each write proves that it is still ours."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from app.candidates.knowledge.embedding.embedder import Embedder
from app.core.db import conninfo
from app.core.errors import HoldoutError
from app.core.ids import new_id
from app.gateway import ledger
from app.gateway.ledger import Cursor, Finished
from app.jobs.coming_back import LeaseLost

PURPOSE = "embed"
KEEP_PASSAGES = """
insert into knowledge_vectors (passage_id, model, vector)
select p.id, %(model)s, x.vector from unnest(%(keys)s::uuid[], %(vectors)s::bytea[]) as x(id, vector)
join knowledge_passages p on p.id = x.id and p.text <> '[erased]' on conflict do nothing
"""
KEEP_QUESTIONS = """
insert into knowledge_questions (collection_id, model, digest, vector)
select %(collection)s, %(model)s, x.digest, x.vector from unnest(%(keys)s::text[], %(vectors)s::bytea[])
  as x(digest, vector) on conflict do nothing
"""
PLAN = """
insert into paid_calls (id, project_id, provider_id, subject_id, purpose, item, attempt, state, cost_estimate)
select %(id)s, project_id, %(provider)s, id, %(purpose)s, %(item)s, 1 + coalesce((select max(attempt) from paid_calls
  where subject_id = %(work)s and purpose = %(purpose)s and item = %(item)s), 0), 'planned', %(estimate)s
from knowledge_embeddings where id = %(work)s
"""


class Stopped(HoldoutError):
    """Nothing more is made; ``status`` is how the work ends, the message why."""

    def __init__(self, status: str, message: str = "") -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Work:
    """``question``: of a search that is tried; passages, or questions that are given, else."""

    collection_id: str
    kind: str
    embedder: Embedder
    question: str | None


@dataclass(frozen=True)
class Kept:
    """What came of one batch: vectors by passage ids or digests, and how many ``texts`` they stand for."""

    keys: Sequence[str]
    vectors: Sequence[bytes]
    texts: int


class EmbeddingStore:
    def __init__(self, connection: psycopg.AsyncConnection[Any], work_id: str) -> None:
        self.connection, self.work_id = connection, work_id
        self.lease, self.worker = 0, ""

    async def take_over(self) -> Work | None:
        """Take it if it is to be done. What a worker before had sent becomes unknown, and a person decides first."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                "update knowledge_embeddings set lease = lease + 1, status = 'running', error = null "
                "where id = %s and status in ('queued', 'running') "
                "returning lease, collection_id::text, kind, embedder, question",
                (self.work_id,),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            self.lease = row[0]
            self.worker = f"{socket.gethostname()}:{os.getpid()}:{self.lease}"
            lost = await ledger.give_up(cursor, self.work_id, PURPOSE)
        if lost:
            await self.end("needs_decision")
            return None
        return Work(row[1], row[2], Embedder.of(row[3]), row[4])

    async def send(self, provider_id: str, item: str, estimate: float | None) -> str:
        """Commit a call as sent; its id. Raises Stopped where somebody cancelled, or the budget does not cover it."""
        call_id = new_id()
        values = {"id": call_id, "provider": provider_id, "item": item, "estimate": estimate}
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor)
            await cursor.execute(PLAN, values | {"work": self.work_id, "purpose": PURPOSE})
            marked = await ledger.mark_sent(cursor, self.worker, [call_id])
            if not marked.sent:
                await cursor.execute("delete from paid_calls where id = %s", (call_id,))
        if not marked.sent:
            raise Stopped("failed", marked.refusal or "The call could not be made.")
        return call_id

    async def ended(self, ended: Finished) -> None:
        """How a call ended that brought no vectors."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, cancellable=False)
            await ledger.finish(cursor, self.worker, [ended])

    async def keep(self, work: Work, kept: Kept, ended: Finished | None) -> None:
        """Store vectors with the end of the call that brought them; None for the model that runs here."""
        query = KEEP_PASSAGES if work.kind == "passages" else KEEP_QUESTIONS
        values = {"collection": work.collection_id, "model": work.embedder.key}
        values |= {"keys": list(kept.keys), "vectors": list(kept.vectors)}  # type: ignore[dict-item]
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor, kept.texts, ended.cost if ended else None, cancellable=False)
            if ended:
                await ledger.finish(cursor, self.worker, [ended])
            await cursor.execute(query, values)

    async def proceed(self) -> None:
        """Raises Stopped where somebody cancelled."""
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await self._prove_lease(cursor)

    async def end(self, status: str, error: str | None = None) -> None:
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.execute(
                "update knowledge_embeddings set status = %s::text, error = %s, "
                "question = case when %s::text = 'needs_decision' then question end, "
                "total = case when %s::text = 'succeeded' then done else total end, "
                "finished_at = clock_timestamp() where id = %s and lease = %s and status = 'running'",
                (status, error, status, status, self.work_id, self.lease),
            )

    async def _prove_lease(
        self, cursor: Cursor, texts: int = 0, cost: float | None = None, *, cancellable: bool = True
    ) -> None:
        await cursor.execute(
            "update knowledge_embeddings set done = done + %s, total = greatest(total, done + %s), "
            "cost = case when %s::float8 is null then cost else coalesce(cost, 0) + %s end "
            "where id = %s and lease = %s and status = 'running' returning cancel_requested_at is not null",
            (texts, texts, cost, cost or 0.0, self.work_id, self.lease),
        )
        row = await cursor.fetchone()
        if row is None:
            raise LeaseLost(self.work_id)
        if row[0] and cancellable:
            raise Stopped("cancelled")


@asynccontextmanager
async def open_store(work_id: str) -> AsyncIterator[EmbeddingStore]:
    connection = await psycopg.AsyncConnection.connect(conninfo(), autocommit=True)
    try:
        yield EmbeddingStore(connection, work_id)
    finally:
        await connection.close()
