"""One call to a provider, ending in an answer or a typed failure: nothing is raised but cancellation."""

import asyncio
from functools import lru_cache
from typing import Any

import aiohttp
import httpx2
import openai
import orjson

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
    http: httpx2.AsyncClient, connection: Connection, body: dict[str, Any], call_id: str, seconds: float
) -> Answer | Failure:
    """POST ``/chat/completions`` once, within ``seconds`` from first byte to last."""
    headers = {"Content-Type": "application/json", CALL_HEADER: call_id, "Idempotency-Key": call_id}
    url = _url(f"{connection.base_url}/chat/completions")
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(http.build_request("POST", url, content=orjson.dumps(body), headers=headers))
    except Exception as error:
        return failure_of(error, connection, seconds)
    return read_completion(response.content) if response.is_success else _refused(response, connection)


@lru_cache
def _url(text: str) -> httpx2.URL:
    return httpx2.URL(text)


def failure_of(error: Exception, connection: Connection, seconds: float) -> Failure:
    """What an exception of the client or the transport means. Raises what is a bug of ours."""
    if isinstance(error, openai.APIStatusError):
        return _refused(error.response, connection)
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


def _refused(response: httpx2.Response, connection: Connection) -> Failure:
    """What an answer with another status than 2xx means, in the provider's own words."""
    try:
        words = error_message(orjson.loads(response.content))
    except orjson.JSONDecodeError:
        words = ""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return from_status(response.status_code, response.content, headers, scrub(words, connection.key))


def _causes(error: BaseException | None) -> Any:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
