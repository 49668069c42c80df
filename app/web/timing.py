"""Each answer says how long the server worked on it, so that a slow page can be told from a slow network."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerTiming:
    """Adds ``Server-Timing: app;dur=…``: milliseconds from the request's headers until the answer begins. A page is
    complete by then; what is streamed is not."""

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
