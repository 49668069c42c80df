"""The one factory for the openai client, used in the worker. Nothing else calls out.

Retries belong to the ledger, so the client makes none; redirects are not followed; the key and the few headers
that are sent are set where the bytes leave, so that nothing from the environment (another key, an organisation,
custom headers) ever reaches a provider; addresses are checked when they are connected to; bodies have a cap.
"""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2
from aiohttp.abc import AbstractResolver, ResolveResult
from openai import AsyncOpenAI, DefaultAioHttpClient
from openai._vendor.httpx_aiohttp import AiohttpTransport  # the transport inside DefaultAioHttpClient

from app.gateway import keys
from app.gateway.models import Provider
from app.gateway.origins import is_private, is_refused_address, tidy_base_url

CONNECT_SECONDS = 10.0
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
CALL_HEADER = "X-Holdout-Call"
SENT_HEADERS = {
    name.lower().encode()
    for name in ("Host", "Accept", "Content-Type", "Content-Length", "Idempotency-Key", CALL_HEADER)
}

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs a line, with the address, for every call


@dataclass(frozen=True)
class Connection:
    """Where a provider is and the key for it. Lives only in the worker; ``repr`` does not show the key."""

    provider_id: str
    base_url: str
    key: str | None = field(repr=False)


class ResponseTooLarge(Exception):
    """A body beyond the cap, or one that is compressed although we asked for plain bytes."""


def connection_to(provider: Provider) -> Connection:
    """Decrypt the provider's key. Raises keys.UnreadableKey."""
    key = None
    if provider.key_ciphertext:
        key = keys.decrypt(provider.id, provider.base_url, provider.key_ciphertext)
    return Connection(provider.id, tidy_base_url(provider.base_url), key)


@asynccontextmanager
async def open_http(
    connection: Connection, *, connections: int = 16, seconds: float = 60.0, max_bytes: int = MAX_RESPONSE_BYTES
) -> AsyncIterator[httpx2.AsyncClient]:
    """The SDK's own HTTP client over the guarded transport. ``seconds`` is the longest silence; callers set the
    total deadline. Chat completions use it directly: the SDK's wrapping costs as much again (docs/decisions)."""
    transport = GuardedTransport(connection, connections, max_bytes)
    timeout = httpx2.Timeout(seconds, connect=CONNECT_SECONDS, pool=None)
    async with DefaultAioHttpClient(transport=transport, timeout=timeout, follow_redirects=False) as http:
        yield http


@asynccontextmanager
async def open_client(
    connection: Connection, *, connections: int = 4, seconds: float = 60.0
) -> AsyncIterator[AsyncOpenAI]:
    """An ``AsyncOpenAI`` for one provider, for everything but chat completions (models, files, fine-tuning)."""
    async with open_http(connection, connections=connections, seconds=seconds) as http:
        yield AsyncOpenAI(
            api_key="set-by-the-transport",
            base_url=connection.base_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )


class GuardedTransport(AiohttpTransport):
    """The last hand on every request and the first on every answer."""

    def __init__(self, connection: Connection, connections: int, max_bytes: int) -> None:
        super().__init__(client=self._new_session)
        self.max_bytes, self.connections = max_bytes, connections
        self.own_headers = [(b"Accept-Encoding", b"identity"), (b"User-Agent", b"holdout")]
        if connection.key:
            self.own_headers.append((b"Authorization", f"Bearer {connection.key}".encode()))
        # a proxy named by the environment is for the world outside, never for an address inside
        self.use_proxy = not is_private(connection.base_url)

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self.connections, ssl=self.ssl_context, resolver=CheckedResolver())
        return aiohttp.ClientSession(connector=connector, trust_env=self.use_proxy, cookie_jar=aiohttp.DummyCookieJar())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        kept = [(name, value) for name, value in request.headers.raw if name.lower() in SENT_HEADERS]
        request.headers = httpx2.Headers([*kept, *self.own_headers])
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise ResponseTooLarge("The provider sent a compressed answer although plain bytes were asked for.")
        response.stream = CappedStream(response.stream, self.max_bytes)
        return response


class CappedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, max_bytes: int) -> None:
        self.stream, self.left = stream, max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.stream:
            self.left -= len(chunk)
            if self.left < 0:
                raise ResponseTooLarge("The provider's answer was longer than an answer may be.")
            yield chunk

    async def aclose(self) -> None:
        await self.stream.aclose()


class CheckedResolver(AbstractResolver):
    """Looks names up in a thread and refuses addresses that no provider lives at; what is checked is connected to."""

    def __init__(self) -> None:
        self.inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self.inner.resolve(host, port, family)
        if any(is_refused_address(result["host"]) for result in found):
            raise OSError(f"{host} leads to an address that may not be called")
        return found

    async def close(self) -> None:
        await self.inner.close()
