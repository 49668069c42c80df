"""Who may talk to the engine, and how much they may send.

Written as plain ASGI: a middleware that wraps responses would hold back server-sent events.
"""

import hmac
import json
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.engine.config import EngineConfig, is_loopback
from app.engine.errors import EngineError

#: Multipart wrapping around an uploaded file.
_MULTIPART_ROOM = 64 * 1024


class Guard:
    """Check the key, keep browsers out where there is none, and cap request bodies."""

    def __init__(self, app: ASGIApp, config: EngineConfig) -> None:
        self.app, self.config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = _CappedBody(receive, send, self._limit(scope["path"]))
        try:
            if scope["path"] != "/healthz":
                self._check_caller(headers)
            body.check_declared(headers.get(b"content-length", "0"))
        except EngineError as error:
            await _answer(send, error)
            return
        await self.app(scope, body.receive, body.send)

    def _check_caller(self, headers: dict[bytes, str]) -> None:
        if self.config.key is not None:
            sent = headers.get(b"authorization", "").removeprefix("Bearer ").strip()
            if not hmac.compare_digest(sent.encode(), self.config.key.encode()):
                raise EngineError("Incorrect API key provided.", status=401, code="invalid_api_key")
            return
        # Without a key the loopback address is the only fence. A web page can reach it through the browser of
        # the person at this machine, by a plain form post or by rebinding a name of its own to 127.0.0.1.
        if b"origin" in headers or headers.get(b"sec-fetch-site", "none") not in ("none", "same-origin"):
            raise EngineError("Calls from web pages are refused.", status=403)
        host = urlsplit(f"//{headers.get(b'host', '')}").hostname or ""
        if not is_loopback(host):
            raise EngineError(f"Host {host!r} is not this engine's loopback address.", status=403)

    def _limit(self, path: str) -> int:
        if path.rstrip("/") == "/v1/files":
            return self.config.max_file_bytes + _MULTIPART_ROOM
        return self.config.max_body_bytes


class _CappedBody:
    """Counts what is received. A chunked body declares no length, so it is refused on its way."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self.limit = receive, send, limit
        self.error = EngineError(f"The request is larger than {limit:,} bytes.", status=413)
        self.seen = 0

    def check_declared(self, length: str) -> None:
        if length.isdigit() and int(length) > self.limit:
            raise self.error

    async def receive(self) -> Message:
        message = await self._receive()
        self.seen += len(message.get("body", b""))
        if self.seen > self.limit:
            raise self.error
        return message

    async def send(self, message: Message) -> None:
        """Whatever the framework makes of an interrupted body, the caller is told the true reason."""
        if self.seen <= self.limit:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await _answer(self._send, self.error)


async def _answer(send: Send, error: EngineError) -> None:
    body = json.dumps(error.body()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
