"""The one factory for clients of providers, used in the worker. Nothing else calls out.

``open_client`` gives the openai SDK, ``open_http`` the plain client that chat completions go through. Retries belong to
the ledger, so neither makes any; redirects are not followed; the key and the few headers that are sent are set where
the bytes leave, so that nothing from the environment (another key, an organisation, custom headers) ever reaches a
provider; addresses are checked when they are connected to; bodies have a cap.
"""

import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
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
COMPRESSED = "The provider sent a compressed answer although plain bytes were asked for."
TOO_LONG = "The provider's answer was longer than an answer may be."
OWN_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "holdout"}
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


@dataclass(frozen=True)
class Http:
    """For many calls to one provider: the session with what every request carries."""

    session: aiohttp.ClientSession
    base_url: str
    headers: dict[str, str] = field(repr=False)
    max_bytes: int

    @asynccontextmanager
    async def post(self, path: str, body: bytes, call_id: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, as soon as its headers are there. Raises what aiohttp raises, or ResponseTooLarge."""
        headers = self.headers | {CALL_HEADER: call_id, "Idempotency-Key": call_id}
        async with self.session.post(self.base_url + path, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise ResponseTooLarge(COMPRESSED)
            yield answer

    async def chunks(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body as it comes. Raises ResponseTooLarge beyond the cap."""
        left = self.max_bytes
        while chunk := await answer.content.readany():
            left -= len(chunk)
            if left < 0:
                raise ResponseTooLarge(TOO_LONG)
            yield chunk


@asynccontextmanager
async def open_http(
    connection: Connection, *, connections: int = 16, seconds: float = 60.0, max_bytes: int = MAX_RESPONSE_BYTES
) -> AsyncIterator[Http]:
    """The client of chat completions, without the SDK: its wrapping costs more than the call (docs/decisions).

    ``seconds`` is the longest silence; callers set the total deadline."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=seconds)
    headers = OWN_HEADERS | {"Content-Type": "application/json"} | _authorization(connection)
    async with _session(connection, connections, timeout=timeout, auto_decompress=False) as session:
        yield Http(session, connection.base_url, headers, max_bytes)


@asynccontextmanager
async def open_client(
    connection: Connection, *, connections: int = 4, seconds: float = 60.0
) -> AsyncIterator[AsyncOpenAI]:
    """An ``AsyncOpenAI`` for one provider, for everything but chat completions (models, files, fine-tuning)."""
    transport = GuardedTransport(connection, connections, MAX_RESPONSE_BYTES)
    timeout = httpx2.Timeout(seconds, connect=CONNECT_SECONDS, pool=None)
    async with DefaultAioHttpClient(transport=transport, timeout=timeout, follow_redirects=False) as http:
        yield AsyncOpenAI(
            api_key="set-by-the-transport",
            base_url=connection.base_url,
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )


def _session(connection: Connection, connections: int, **options: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=connections, ssl=_tls(), resolver=CheckedResolver())
    # a proxy named by the environment is for the world outside, never for an address inside
    outside = not is_private(connection.base_url)
    return aiohttp.ClientSession(connector=connector, trust_env=outside, cookie_jar=aiohttp.DummyCookieJar(), **options)


@lru_cache
def _tls() -> ssl.SSLContext:
    """Made once: reading all certificates takes a tenth of a second."""
    return httpx2.create_ssl_context()


def _authorization(connection: Connection) -> dict[str, str]:
    return {"Authorization": f"Bearer {connection.key}"} if connection.key else {}


class GuardedTransport(AiohttpTransport):
    """The last hand on every request and the first on every answer."""

    def __init__(self, connection: Connection, connections: int, max_bytes: int) -> None:
        super().__init__(client=lambda: _session(connection, connections), verify=_tls())
        self.max_bytes = max_bytes
        own = OWN_HEADERS | _authorization(connection)
        self.own_headers = [(name.encode(), value.encode()) for name, value in own.items()]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        kept = [(name, value) for name, value in request.headers.raw if name.lower() in SENT_HEADERS]
        request.headers = httpx2.Headers([*kept, *self.own_headers])
        response = await super().handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise ResponseTooLarge(COMPRESSED)
        response.stream = CappedStream(response.stream, self.max_bytes)
        return response


class CappedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, max_bytes: int) -> None:
        self.stream, self.left = stream, max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.stream:
            self.left -= len(chunk)
            if self.left < 0:
                raise ResponseTooLarge(TOO_LONG)
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
