"""Server-sent events that survive reconnects: every event has an id, and a stream starts after ``Last-Event-ID``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

POLL_SECONDS = 0.5
KEEPALIVE_SECONDS = 15.0


@dataclass(frozen=True)
class Event:
    """``id`` is what a client sends back to go on from here; ``name`` 'end' closes the stream for good."""

    id: str
    name: str
    data: Any


Poll = Callable[[str | None], Sequence[Event]]


def event_stream(request: Request, poll: Poll) -> StreamingResponse:
    """Stream what ``poll(last_id)`` answers, asked in a thread twice a second, until an event named 'end'.

    ``poll`` opens its own short transaction and re-checks access, so that a revoked session ends its streams.
    """

    async def body() -> AsyncIterator[bytes]:
        last = request.headers.get("last-event-id") or request.query_params.get("after")
        quiet = 0.0
        yield b"retry: 2000\n\n"
        while not await request.is_disconnected():
            events = await run_in_threadpool(poll, last)
            for event in events:
                last = event.id
                yield _frame(event)
                if event.name == "end":
                    return
            quiet = 0.0 if events else quiet + POLL_SECONDS
            if quiet >= KEEPALIVE_SECONDS:
                quiet = 0.0
                yield b": still here\n\n"
            await asyncio.sleep(POLL_SECONDS)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _frame(event: Event) -> bytes:
    # JSON never holds a raw line break, so hostile text cannot make a frame of its own
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        event.id.encode(),
        event.name.encode(),
        orjson.dumps(event.data),
    )
