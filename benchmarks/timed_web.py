"""`holdout web` whose answers say in `Server-Timing` how long it worked on each, for benchmarks.

The product itself says nothing of the kind: how long an answer took could tell a blind reviewer which output is whose.

    python -m benchmarks.timed_web PORT
"""

import sys
from time import perf_counter

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import create_app


class ServerTiming:
    """Milliseconds from the request's headers until the answer begins. A page is complete by then."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = perf_counter()

        async def send_with_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = (perf_counter() - begun) * 1000
                message["headers"] = [*message["headers"], (b"server-timing", b"app;dur=%.1f" % took)]
            await send(message)

        await self.app(scope, receive, send_with_time)


def timed() -> FastAPI:
    app = create_app()
    app.add_middleware(ServerTiming)  # the outermost, so it measures all of them
    return app


if __name__ == "__main__":
    uvicorn.run(timed(), port=int(sys.argv[1]), access_log=False, log_level="warning", server_header=False)
