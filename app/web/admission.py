"""Pure ASGI middleware: so many requests at once; the others wait in line, and who waits too long is told so.

A request holds a database connection from its first dependency to its commit, and a page another one for its rail. With
more requests under way than connections they would wait for each other. A small body is read before the request takes
its turn, so that a slow sender holds up nobody; an upload takes no turn, for the same reason.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.errors import answer

AT_ONCE = 16  # a pool of 40 connections serves twice as many
PATIENCE_SECONDS = 20.0
SMALL_BODY = 262_144
FREE = ("/static/", "/healthz")


class Admission:
    def __init__(self, app: ASGIApp, at_once: int = AT_ONCE, patience: float = PATIENCE_SECONDS) -> None:
        self.app = app
        self.turns = asyncio.Semaphore(at_once)
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FREE) or _length(scope) > SMALL_BODY:
            await self.app(scope, receive, send)
            return
        if _length(scope):
            receive = await _read_ahead(receive)
        try:
            async with asyncio.timeout(self.patience):
                await self.turns.acquire()
        except TimeoutError:
            words = "Many people are at work. Try again in a few seconds."
            await answer(Request(scope), 503, words, headers={"Retry-After": "3"})(scope, receive, send)
            return
        turn = _Turn(self.turns)

        async def send_and_leave(message: Message) -> None:
            # The transaction is over when the answer starts; a stream or a slow reader must not keep the turn
            if message["type"] == "http.response.start":
                turn.end()
            await send(message)

        try:
            await self.app(scope, receive, send_and_leave)
        finally:
            turn.end()


class _Turn:
    """Given back once."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns

    def end(self) -> None:
        if self._turns is not None:
            self._turns.release()
            self._turns = None


def _length(scope: Scope) -> int:
    """Bytes of the body; one of unknown length counts as large."""
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return SMALL_BODY + 1
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 16 else 0


async def _read_ahead(receive: Receive) -> Receive:
    """A ``receive`` that has the whole body."""
    body, last = b"", None
    while last is None:
        message = await receive()
        if message["type"] != "http.request":
            last = message  # the sender left
        else:
            body += message.get("body", b"")
            if not message.get("more_body", False):
                last = {"type": "http.request", "body": body, "more_body": False}
    ready: list[Message] = [last]

    async def again() -> Message:
        return ready.pop() if ready else await receive()

    return again
