"""One call to a provider, ending in an answer or a typed failure: nothing is raised but cancellation."""

import asyncio
from typing import Any

import aiohttp
import httpx2
import openai
import orjson
from openai import AsyncOpenAI

from app.gateway.answers import Answer, error_message, read_completion
from app.gateway.client import CALL_HEADER, Connection, ResponseTooLarge
from app.gateway.failures import Failure, from_status
from app.gateway.keys import scrub

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
    client: AsyncOpenAI, connection: Connection, body: dict[str, Any], call_id: str, seconds: float
) -> Answer | Failure:
    """POST ``/chat/completions`` once, within ``seconds`` from first byte to last."""
    headers = {CALL_HEADER: call_id, "Idempotency-Key": call_id}
    try:
        async with asyncio.timeout(seconds):
            response: httpx2.Response = await client.post(
                "/chat/completions", body=body, cast_to=httpx2.Response, options={"headers": headers}
            )
            return read_completion(response.content)
    except Exception as error:
        return failure_of(error, connection, seconds)


def failure_of(error: Exception, connection: Connection, seconds: float) -> Failure:
    """What an exception of the client or the transport means. Raises what is a bug of ours."""
    if isinstance(error, openai.APIStatusError):
        return _from_response(error, connection)
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


def _from_response(error: openai.APIStatusError, connection: Connection) -> Failure:
    body = error.response.content
    try:
        words = error_message(orjson.loads(body))
    except orjson.JSONDecodeError:
        words = ""
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    return from_status(error.response.status_code, body, headers, scrub(words, connection.key))


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
