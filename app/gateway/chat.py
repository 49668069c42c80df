"""One call to a provider, ending in an answer or a typed failure: nothing is raised but cancellation."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
import httpx2
import openai
import orjson

from app.gateway.answers import Answer, error_message, read_completion
from app.gateway.client import Connection, Http, ResponseTooLarge
from app.gateway.failures import Failure, from_status
from app.gateway.keys import scrub
from app.gateway.streams import CONTENT_TYPE, read_stream

T = TypeVar("T")
# The connection never came about, so nothing was sent. (The SDK reports several broken connections as time-outs;
# what really happened stands in the chain of causes.)
NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorDNSError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.InvalidURL,
)


async def complete(
    http: Http, connection: Connection, body: dict[str, Any], call_id: str, seconds: float
) -> Answer | Failure:
    """POST ``/chat/completions`` once, within ``seconds`` from first byte to last; ``body`` may ask for a stream.

    A server that does not know of streams answers in one piece, which is read as one, without a first token's time.
    """
    began = time.perf_counter()

    async def read(response: aiohttp.ClientResponse) -> Answer | Failure:
        if response.content_type == CONTENT_TYPE:
            return await read_stream(http.chunks(response), began)
        return read_completion(await _whole(http, response))

    return await _send(http, connection, "/chat/completions", body, call_id, seconds, read)


async def post(
    http: Http, connection: Connection, path: str, body: dict[str, Any], call_id: str, seconds: float
) -> bytes | Failure:
    """POST JSON once; the body of a 2xx answer, or why there is none."""

    async def read(response: aiohttp.ClientResponse) -> bytes:
        return await _whole(http, response)

    return await _send(http, connection, path, body, call_id, seconds, read)


async def _send(
    http: Http,
    connection: Connection,
    path: str,
    body: dict[str, Any],
    call_id: str,
    seconds: float,
    read: Callable[[aiohttp.ClientResponse], Awaitable[T]],
) -> T | Failure:
    """POST JSON once; what ``read`` makes of a 2xx answer, or why there is none."""
    try:
        async with asyncio.timeout(seconds), http.post(path, orjson.dumps(body), call_id) as response:
            if 200 <= response.status < 300:
                return await read(response)
            content = await _whole(http, response)
    except Exception as error:
        return failure_of(error, connection, seconds)
    return _refused(response.status, content, response.headers, connection)


async def _whole(http: Http, response: aiohttp.ClientResponse) -> bytes:
    return b"".join([chunk async for chunk in http.chunks(response)])


def failure_of(error: Exception, connection: Connection, seconds: float) -> Failure:
    """What an exception of the client or the transport means. Raises what is a bug of ours."""
    if isinstance(error, openai.APIStatusError):
        refused = error.response
        return _refused(refused.status_code, refused.content, refused.headers, connection)
    chain = list(_causes(error))
    if any(isinstance(cause, ResponseTooLarge) for cause in chain):
        return Failure("too_large", str(next(c for c in chain if isinstance(c, ResponseTooLarge))))
    if any(isinstance(cause, NEVER_SENT) for cause in chain):
        return Failure(
            "unreachable", f"No connection to {connection.base_url}: {scrub(str(chain[-1]), connection.key)}"
        )
    broken = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError, httpx2.NetworkError)
    late = (TimeoutError, httpx2.TimeoutException)
    if any(isinstance(cause, broken) and not isinstance(cause, TimeoutError) for cause in chain):
        return Failure("interrupted", "The connection broke before the whole answer was there.")
    if any(isinstance(cause, late) for cause in chain):
        return Failure("timeout", f"No whole answer within {seconds:g} s.")
    if any(isinstance(cause, aiohttp.ClientError | httpx2.HTTPError | openai.APIConnectionError) for cause in chain):
        return Failure("interrupted", f"The answer could not be read: {scrub(str(chain[-1]), connection.key)}")
    raise error


def _refused(status: int, content: bytes, headers: Mapping[str, str], connection: Connection) -> Failure:
    """What an answer with another status than 2xx means, in the provider's own words."""
    try:
        words = error_message(orjson.loads(content))
    except orjson.JSONDecodeError:
        words = ""
    lowered = {name.lower(): value for name, value in headers.items()}
    return from_status(status, content, lowered, scrub(words, connection.key))


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
