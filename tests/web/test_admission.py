"""So many requests at once: the others wait, a stream keeps no turn, who waits too long is told when to come back."""

import asyncio
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from app.web.admission import SMALL_BODY, Admission


class App:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.inside, self.most, self.bodies = 0, 0, list[bytes]()
        self.start, self.end = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.bodies.append((await receive()).get("body", b""))
        await self.start.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.end.wait()
        await send({"type": "http.response.body", "body": b""})


async def ask(middleware: Admission, path: str = "/", body: bytes = b"", pieces: int = 1) -> int:
    sent: list[Message] = []
    size = max(1, len(body) // pieces)
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", str(len(body)).encode())]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await middleware(scope, receive, send)
    if sent[0]["status"] == 503:
        assert (b"retry-after", b"3") in sent[0]["headers"]
    return int(sent[0]["status"])


def test_two_at_once_and_the_rest_in_line() -> None:
    async def run() -> None:
        app = App()
        app.end.set()
        middleware = Admission(app, at_once=2)
        waiting = [asyncio.create_task(ask(middleware, body=b"abcdef", pieces=3)) for _ in range(6)]
        await asyncio.sleep(0.05)
        assert app.inside == 2
        app.start.set()
        assert await asyncio.gather(*waiting) == [200] * 6
        assert (app.most, set(app.bodies)) == (2, {b"abcdef"})

    asyncio.run(run())


def test_who_waits_too_long_is_told_so_and_a_stream_keeps_no_turn() -> None:
    async def run() -> None:
        app = App()
        middleware = Admission(app, at_once=1, patience=0.05)
        first = asyncio.create_task(ask(middleware, "/api/v1/slow"))
        await asyncio.sleep(0.01)
        assert await ask(middleware, "/api/v1/projects") == 503
        assert not first.done()
        free = [asyncio.create_task(ask(middleware, path)) for path in ("/healthz", "/static/x.css")]
        large = asyncio.create_task(ask(middleware, body=b"x" * (SMALL_BODY + 1)))
        await asyncio.sleep(0.01)
        assert app.inside == 4
        app.start.set()  # all are streaming now, and none has ended
        await asyncio.sleep(0.01)
        next_one = asyncio.create_task(ask(middleware))
        await asyncio.sleep(0.01)
        app.end.set()
        assert await asyncio.gather(first, next_one, large, *free) == [200] * 5

    asyncio.run(run())
