"""How the provider double streams an answer, and how a stream goes wrong."""

import asyncio
import json
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
PAUSE = 0.05  # seconds between the first token and the rest, of 'pause'
FAULTS = ("pause", "break", "no_usage", "no_done", "no_finish", "stream_error", "garbage", "silent", "pieces")
BILLED = ("pause", "no_done")  # of these the usage comes


async def play(fault: str, request: web.Request, text: str, body: dict[str, Any]) -> web.StreamResponse:
    """Stream the answer in pieces; 'ok', or one of FAULTS."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    if fault == "silent":
        await response.write(b": nothing\n\n")
        return response
    half = len(text) // 2
    deltas = _calls() if fault == "pieces" else [{"content": text[:half]}, {"content": text[half:]}]
    await _send(response, body, {"role": "assistant", "content": ""})
    await _send(response, body, deltas[0])
    if fault == "pause":
        await asyncio.sleep(PAUSE)
    if fault == "break":
        assert request.transport is not None
        request.transport.abort()
        return response
    if fault == "stream_error":
        await response.write(b'data: {"error": {"message": "the model fell asleep"}}\n\n')
        return response
    if fault == "garbage":
        await response.write(b"data: {half of\n\n")
        return response
    for delta in deltas[1:]:
        await _send(response, body, delta)
    if fault == "no_finish":
        return response
    await _send(response, body, {}, "tool_calls" if fault == "pieces" else "stop")
    if fault != "no_usage" and body.get("stream_options", {}).get("include_usage"):
        await _event(response, _chunk(body) | {"choices": [], "usage": USAGE})
    if fault != "no_done":
        await response.write(b"data: [DONE]\n\n")
    return response


def _calls() -> list[dict[str, Any]]:
    """Two tool calls, their arguments in pieces."""
    parts = [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "look_up", "arguments": '{"id": '}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "close", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": "7}"}},
    ]
    return [{"tool_calls": [part]} for part in parts]


async def _send(
    response: web.StreamResponse, body: dict[str, Any], delta: dict[str, Any], finish: str | None = None
) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    await _event(response, _chunk(body) | {"choices": [choice], "usage": None})


async def _event(response: web.StreamResponse, data: dict[str, Any]) -> None:
    await response.write(f"data: {json.dumps(data)}\n\n".encode())


def _chunk(body: dict[str, Any]) -> dict[str, Any]:
    model = f"{body.get('model', 'small')}-2026-01-01"
    return {"id": "chatcmpl-double", "object": "chat.completion.chunk", "model": model, "system_fingerprint": "fp"}
