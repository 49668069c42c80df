"""``/v1/chat/completions``."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from app.engine.chat_request import ChatRequest
from app.engine.errors import EngineError
from app.engine.state import EngineDep, EngineState
from app.engine.storage import new_id, now
from app.engine.ticket import Delta, Done, Ticket
from app.engine.toolcalls import split_tool_calls

router = APIRouter()
#: How long a request waits for a model that is being prepared (the first start converts one).
PREPARATION_WAIT = 180.0


@router.post("/v1/chat/completions")
async def chat_completions(engine: EngineDep, request: Request, body: ChatRequest) -> Response:
    """Answer a chat, at once or as server-sent events."""
    target = engine.tuned.target(body.model)
    await _wait_until_ready(engine, target.base)
    ticket = Ticket(
        target=target,
        messages=body.messages,
        tools=body.offered_tools(),
        sampling=body.sampling(),
        max_tokens=body.limit(),
        stops=body.stops(),
        stream=bool(body.stream),
        loop=asyncio.get_running_loop(),
    )
    engine.batcher.submit(ticket)
    answer = _Answer(body)
    if body.stream:
        # Its errors come before the first byte, so that a refused stream has a status like any other answer.
        first = await _next(ticket, request)
        return StreamingResponse(answer.frames(ticket, first), media_type="text/event-stream")
    while not isinstance(done := await _next(ticket, request), Done):
        pass
    return JSONResponse(answer.whole(done))


async def _wait_until_ready(engine: EngineState, base: str) -> None:
    engine.bases.prepare_soon(base)
    for _ in range(int(PREPARATION_WAIT / 0.2)):
        status = engine.bases.status.get(base)
        if status is None or status.state == "ready":
            return
        if status.state == "failed":
            raise EngineError(f"Model {base} could not be prepared: {status.error}", status=503)
        await asyncio.sleep(0.2)
    raise EngineError(f"Model {base} is still being prepared; try again in a minute.", status=503)


async def _next(ticket: Ticket, request: Request) -> Delta | Done:
    """The worker's next answer. Gives up, and tells the worker so, when the caller has gone."""
    while True:
        try:
            answer = await asyncio.wait_for(ticket.answers.get(), timeout=2.0)
        except TimeoutError:
            if await request.is_disconnected():
                ticket.abandoned = True
                raise EngineError("The caller has gone.", status=499) from None
            continue
        except asyncio.CancelledError:
            ticket.abandoned = True
            raise
        if isinstance(answer, EngineError):
            raise answer
        return answer


class _Answer:
    """One completion in OpenAI's shapes."""

    def __init__(self, body: ChatRequest) -> None:
        self.id, self.created, self.model = new_id("chatcmpl-"), now(), body.model
        self.tools = bool(body.offered_tools())
        self.include_usage = bool(body.stream_options and body.stream_options.include_usage)

    def whole(self, done: Done) -> dict[str, Any]:
        text, calls, reason = self._parts(done)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if calls:
            message |= {"content": text or None, "tool_calls": calls}
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return self._object("chat.completion", [choice]) | {"usage": _usage(done)}

    def _parts(self, done: Done) -> tuple[str, list[dict[str, Any]], str]:
        text, calls = split_tool_calls(done.text) if self.tools else (done.text, [])
        return text, calls, "tool_calls" if calls else done.finish_reason

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": None,
            "choices": choices,
        }

    def _frame(self, delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        chunk = self._object("chat.completion.chunk", [choice])
        return _sse(chunk | {"usage": None} if self.include_usage else chunk)

    async def frames(self, ticket: Ticket, first: Delta | Done) -> AsyncIterator[str]:
        """Chunks as server-sent events. With tools the text is held back until the calls in it are known."""
        answer: Delta | Done | EngineError = first
        try:
            yield self._frame({"role": "assistant", "content": ""})
            while isinstance(answer, Delta):
                if not self.tools:
                    yield self._frame({"content": answer.text})
                answer = await ticket.answers.get()
            if isinstance(answer, EngineError):
                yield _sse(answer.body())
                return
            for frame in self._last_frames(answer):
                yield frame
        finally:
            ticket.abandoned = True  # only matters when the caller left in the middle

    def _last_frames(self, done: Done) -> list[str]:
        text, calls, reason = self._parts(done)
        frames = []
        if self.tools and text:
            frames.append(self._frame({"content": text}))
        if calls:
            indexed = [{"index": index} | call for index, call in enumerate(calls)]
            frames.append(self._frame({"tool_calls": indexed}))
        frames.append(self._frame({}, reason))
        if self.include_usage:
            frames.append(_sse(self._object("chat.completion.chunk", []) | {"usage": _usage(done)}))
        return [*frames, "data: [DONE]\n\n"]


def _sse(value: dict[str, Any]) -> str:
    # JSON has no bare line breaks, so a model's text can never end a frame or begin one.
    return f"data: {json.dumps(value, separators=(',', ':'))}\n\n"


def _usage(done: Done) -> dict[str, int]:
    return {
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.completion_tokens,
        "total_tokens": done.prompt_tokens + done.completion_tokens,
    }
