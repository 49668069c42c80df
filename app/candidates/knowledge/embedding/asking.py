"""A provider's side of an embedding: its connection, its limits, its vectors."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.candidates.knowledge.embedding.embedder import CHARACTERS_PER_TOKEN, Embedder
from app.candidates.knowledge.embedding.store import Stopped
from app.core.db import transaction
from app.core.settings import get_settings
from app.gateway.client import Connection, connection_to, open_http
from app.gateway.embeddings import Vectors, embed
from app.gateway.failures import Failure
from app.gateway.keys import UnreadableKey
from app.gateway.models import Provider
from app.gateway.pacing import Pace, pace_of

LONGEST_PAUSE = 1.0


@dataclass
class Asker:
    """``dimensions``: of the vectors that this model made before; None where it made none."""

    http: Any
    connection: Connection
    model: str
    pace: Pace | None
    dimensions: int | None

    async def ask(self, texts: Sequence[str], call_id: str) -> Vectors | Failure:
        seconds = float(get_settings().call_timeout_seconds)
        found = await embed(self.http, self.connection, self.model, texts, call_id, seconds)
        if isinstance(found, Vectors):
            self.dimensions = self.dimensions or len(found.rows[0])
        return found

    async def take_turn(self, characters: int) -> None:
        """Wait until the provider's limits per minute allow the next call."""
        if self.pace is None:
            return
        loop = asyncio.get_running_loop()
        while (wait := self.pace.wait(loop.time())) > 0:
            await asyncio.sleep(min(wait, LONGEST_PAUSE))
        self.pace.took(self.pace.take(loop.time()), round(characters / CHARACTERS_PER_TOKEN))


@asynccontextmanager
async def open_asker(embedder: Embedder) -> AsyncIterator[Asker]:
    """Raises Stopped, which says what to do."""
    connection, pace, dimensions = await asyncio.to_thread(_load, embedder)
    async with open_http(connection, connections=1, seconds=float(get_settings().call_timeout_seconds)) as http:
        yield Asker(http, connection, embedder.model, pace, dimensions)


def _load(embedder: Embedder) -> tuple[Connection, Pace | None, int | None]:
    with transaction() as session:
        provider = session.get(Provider, embedder.provider_id)
        if provider is None or provider.disabled_at:
            raise Stopped("failed", "The provider of the vectors was disabled: choose another model for them.")
        pace = pace_of(provider.id, provider.requests_per_minute, provider.tokens_per_minute)
        length = session.scalar(
            text("select length(vector) from knowledge_vectors where model = :model limit 1"), {"model": embedder.key}
        )
        try:
            connection = connection_to(provider)
        except UnreadableKey as error:
            raise Stopped("failed", f"{provider.name}: {error}") from error
    return connection, pace, length // 2 if length else None
