"""One embedding from taking it over to its end: batch by batch, each stored before the next is asked for."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.exc import OperationalError

from app.candidates.knowledge.embedding import batches
from app.candidates.knowledge.embedding.batches import Batch, Next
from app.candidates.knowledge.embedding.embedder import of_length_one
from app.candidates.knowledge.embedding.store import EmbeddingStore, Kept, Stopped, Work, open_store
from app.candidates.knowledge.embedding.vectors import MISSING_MODEL
from app.checks.semantic import model, neighbours
from app.gateway.failures import Failure
from app.gateway.ledger import Finished
from app.gateway.retrying import wait_before_next
from app.jobs.coming_back import LeaseLost, ShuttingDown
from app.jobs.stopping import when_stopping

if TYPE_CHECKING:
    from app.candidates.knowledge.embedding.asking import Asker
    from app.gateway.embeddings import Vectors

log = logging.getLogger(__name__)
HERE_AT_ONCE = 8  # passages are as long as the model reads: more at once take gigabytes


async def run(work_id: str, questions: Sequence[str] | None = None) -> None:
    """Make all vectors that are wanted and missing. Cut off at any moment, it goes on from there.

    ``questions``: of a run or a batch, whose texts stand there and nowhere else.
    """
    async with open_store(work_id) as store:
        work = await store.take_over()
        if work is None:
            return
        try:
            await _all(store, work, _source(work, questions))
            await store.end("succeeded")
        except Stopped as stop:
            await store.end(stop.status, str(stop) or None)
        except (LeaseLost, ShuttingDown, OperationalError, psycopg.OperationalError):
            raise
        except Exception as error:
            log.exception("embedding %s broke", work_id)
            await store.end("failed", f"It stopped on an error of its own ({type(error).__name__}); see the log.")


def _source(work: Work, questions: Sequence[str] | None) -> Next:
    if work.kind == "passages":
        return batches.of_passages(work)
    return batches.of_questions(work, questions if questions is not None else [work.question or ""])


async def _all(store: EmbeddingStore, work: Work, following: Next) -> None:
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(when_stopping(stopping.set))
        asker = None
        if not work.embedder.is_local:
            from app.candidates.knowledge.embedding.asking import open_asker  # loads the client of providers

            asker = await stack.enter_async_context(open_asker(work.embedder))
        while True:
            if stopping.is_set():
                raise ShuttingDown
            await store.proceed()
            batch = await asyncio.to_thread(following)
            if batch is None:
                return
            await (_here(store, work, batch) if asker is None else _there(store, work, batch, asker))


async def _here(store: EmbeddingStore, work: Work, batch: Batch) -> None:
    if not model.available():
        raise Stopped("failed", MISSING_MODEL)
    vectors: list[bytes] = []
    for start in range(0, len(batch.texts), HERE_AT_ONCE):
        part = batch.texts[start : start + HERE_AT_ONCE]
        vectors += await asyncio.to_thread(lambda texts: neighbours.stored(model.embed(texts)), part)
    await store.keep(work, _kept(batch, vectors), None)


async def _there(store: EmbeddingStore, work: Work, batch: Batch, asker: Asker) -> None:
    call_id, answer = await _answer(store, work, batch, asker)
    done = Finished(call_id, "done", work.embedder.cost(answer.tokens))
    if asker.dimensions != len(answer.rows[0]):
        await store.ended(done)
        words = f"The model answers {len(answer.rows[0])} dimensions now, and answered {asker.dimensions} before."
        raise Stopped("failed", words)
    await store.keep(work, _kept(batch, neighbours.stored(of_length_one(answer.rows))), done)


async def _answer(store: EmbeddingStore, work: Work, batch: Batch, asker: Asker) -> tuple[str, Vectors]:
    """Ask once, and again where the call certainly was not billed. Raises Stopped."""
    estimate, tries = work.embedder.most_it_can_cost(batch.texts), 1
    while True:
        await asker.take_turn(sum(map(len, batch.texts)))
        call_id = await store.send(asker.connection.provider_id, batch.item, estimate)
        answer = await asker.ask(batch.texts, call_id)
        if not isinstance(answer, Failure):
            return call_id, answer
        ended = Finished(call_id, answer.meaning.state, None, {"kind": answer.kind, "message": answer.message})
        await store.ended(ended)
        if answer.meaning.state == "unknown":
            raise Stopped("needs_decision")
        wait = wait_before_next(answer, tries, random.random())  # noqa: S311 (jitter)
        if wait is None:
            raise Stopped("failed", f"{answer.message} Mend that, then go on: what was made stays.")
        await asyncio.sleep(wait)
        tries += 1


def _kept(batch: Batch, vectors: Sequence[bytes]) -> Kept:
    pairs = [(owner, vector) for owners, vector in zip(batch.owners, vectors, strict=True) for owner in owners]
    return Kept([owner for owner, _vector in pairs], [vector for _owner, vector in pairs], len(batch.texts))
