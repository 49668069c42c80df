"""How the provider double answers, and how it fails."""

import asyncio
import gzip
import json
from typing import Any

from aiohttp import web

from tests.doubles import streams

USAGE = streams.USAGE
BILLED = ("ok", "length", "no_finish")  # of these a provider says what they cost; of the others nothing is known
BILLED_STREAMS = ("ok", "length", *streams.BILLED)


def completion(text: str, body: dict[str, Any], finish_reason: str | None = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-double",
        "object": "chat.completion",
        "created": 0,
        "model": f"{body.get('model', 'small')}-2026-01-01",
        "system_fingerprint": "fp_double",
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text}},
        ],
        "usage": USAGE,
    }


def told_usage(fault: str, streamed: bool) -> dict[str, int] | None:
    """What the answer says that it took; None where it says nothing."""
    return USAGE if fault in (BILLED_STREAMS if streamed else BILLED) else None


async def play(fault: str, request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    """Answer as the fault says; 'ok' is an answer. '429:2' asks for two seconds of patience."""
    name, _, detail = fault.partition(":")
    if body.get("stream") and name in ("ok", *streams.FAULTS):
        return await streams.play(name, request, text, body)
    if name == "ok":
        return web.json_response(completion(text, body))
    if name.isdigit():
        return _status(int(name), detail, request)
    return await FAULTS[name](request, text, body)


def _status(status: int, retry_after: str, request: web.Request) -> web.Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return web.json_response({"error": {"message": f"scripted {status} for key {key}"}}, status=status, headers=headers)


async def _never(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError("the client should have given up")


async def _reset(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    """Half of the promised bytes, then the connection breaks."""
    whole = json.dumps(completion(text, body)).encode()
    response = web.StreamResponse(headers={"Content-Length": str(len(whole)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(whole[: len(whole) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


async def _drip(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    """A byte at a time, for ever: each gap is short, the whole never ends."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(3600 * 20):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def _huge(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(4096):
        await response.write(b" " * 65536)
    return response


async def _length(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion(text, body, "length"))


async def _no_finish(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion(text, body, None))


async def _empty(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(body=b"", content_type="application/json")


async def _html(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(text="<!doctype html><script>alert(1)</script>", content_type="text/html")


async def _error_body(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"error": {"message": "the model is asleep"}})


async def _no_choices(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"choices": []})


async def _redirect(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": f"http://{request.host}/stolen"})


async def _gzip(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"})


async def _bad_utf8(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.Response(body=b'{"choices": [{"message": {"content": "\xff\xfe"}}]}', content_type="application/json")


async def _nul(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion("before\0after", body))


async def _long_header(request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response(completion(text, body), headers={"X-Long": "x" * 1_000_000})


FAULTS = {
    "never": _never,
    "reset": _reset,
    "cut": _cut,
    "drip": _drip,
    "huge": _huge,
    "length": _length,
    "no_finish": _no_finish,
    "empty": _empty,
    "html": _html,
    "error_body": _error_body,
    "no_choices": _no_choices,
    "redirect": _redirect,
    "gzip": _gzip,
    "bad_utf8": _bad_utf8,
    "nul": _nul,
    "long_header": _long_header,
}
