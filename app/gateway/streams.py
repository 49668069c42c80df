"""Reading a streamed chat completion (server-sent events, the SDK's decoder), and when its first token came.

An answer counts as whole only where a ``finish_reason`` was seen, streamed or not: a stream that simply ends is an
answer cut short, one whose connection breaks raises. What it cost is known only where the usage came.
"""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson

from app.gateway.answers import Answer, error_message, read_completion
from app.gateway.failures import Failure

CONTENT_TYPE = "text/event-stream"
ASKED = {"stream": True, "stream_options": {"include_usage": True}}
END = "[DONE]"


async def read_stream(chunks: AsyncIterator[bytes], began: float) -> Answer | Failure:
    """The answer that the events add up to; ``began``: when the request was sent, by ``time.perf_counter``."""
    from openai._streaming import SSEDecoder  # heavy, and the web process never reads a stream

    whole = Whole(began)
    try:
        async for event in SSEDecoder().aiter_bytes(chunks):
            if event.data == END:
                break
            failure = whole.take(event.data)
            if failure is not None:
                return failure
    except UnicodeDecodeError:
        return Failure("unreadable", "The provider's stream is not UTF-8.")
    return whole.answer()


class Whole:
    """Adds up what came."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.first_token_ms: float | None = None
        self.top: dict[str, Any] = {}
        self.text: dict[str, list[str]] = {}  # content and refusal, as far as they came
        self.calls: dict[int, dict[str, Any]] = {}
        self.finish: Any = None

    def take(self, data: str) -> Failure | None:
        """One event's data. Answers what is wrong with it."""
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            return Failure("unreadable", "The provider's stream holds something else than JSON.")
        if not isinstance(chunk, dict):
            return Failure("unreadable", "The provider's stream holds something else than chunks of an answer.")
        if chunk.get("error"):
            return Failure("error_body", f"The provider broke off its stream with an error: {error_message(chunk)}")
        self.top |= {name: chunk[name] for name in ("model", "system_fingerprint", "usage") if chunk.get(name)}
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, dict):
            self.finish = choice.get("finish_reason") or self.finish
            if isinstance(choice.get("delta"), dict):
                self._delta(choice["delta"])
        return None

    def answer(self) -> Answer | Failure:
        """Read like an answer in one piece."""
        if not (self.top or self.text or self.calls or self.finish):
            return Failure("empty", "The provider's stream ended with nothing in it.")
        said: dict[str, Any] = {name: "".join(parts) for name, parts in self.text.items()}
        message = said | ({"tool_calls": [self.calls[place] for place in sorted(self.calls)]} if self.calls else {})
        choice = {"finish_reason": self.finish, "message": message}
        read = read_completion(orjson.dumps(self.top | {"choices": [choice]}))
        return replace(read, first_token_ms=self.first_token_ms) if isinstance(read, Answer) else read

    def _delta(self, delta: dict[str, Any]) -> None:
        for name in ("content", "refusal"):
            if isinstance(delta.get(name), str) and delta[name]:
                self.text.setdefault(name, []).append(delta[name])
                self._came()
        calls = delta.get("tool_calls")
        for part in calls if isinstance(calls, list) else ():
            if isinstance(part, dict):
                self._call(part)
                self._came()

    def _call(self, part: dict[str, Any]) -> None:
        """Name and arguments of a tool call come in pieces, told apart by their index."""
        index = part.get("index")
        call = self.calls.setdefault(index if isinstance(index, int) else len(self.calls), {"function": {}})
        function = part.get("function")
        for name in ("name", "arguments"):
            piece = function.get(name) if isinstance(function, dict) else None
            if isinstance(piece, str):
                call["function"][name] = call["function"].get(name, "") + piece

    def _came(self) -> None:
        if self.first_token_ms is None:
            self.first_token_ms = (time.perf_counter() - self.began) * 1000
