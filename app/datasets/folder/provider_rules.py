"""What OpenAI's documentation asks of a fine-tuning file, checked before it is uploaded. Pure.

Sources: the guides "Supervised fine-tuning" (at least 10 examples), "Vision fine-tuning" (at most 10 images an example,
none from the assistant), "Direct preference optimization" (one answer each), and the API reference of chat messages
(names of functions, arguments as JSON text, each call answered before the talk goes on).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.datasets.formats import Record

LEAST_ROWS = 10
MOST_IMAGES = 10
MOST_BYTES = 512 * 1024 * 1024
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LISTED = 20


@dataclass
class Rules:
    """Rows that break a rule: how many, and the first twenty as (number of the example, which rule)."""

    paired: bool
    rows: int = 0
    failed: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def look(self, record: Record) -> None:
        self.rows += 1
        broken = next(problems(record, self.paired), None)
        if broken:
            self.failed += 1
            if len(self.first) < LISTED:
                self.first.append((record.number, broken))

    def of_file(self, size: int) -> list[str]:
        found = []
        if self.rows < LEAST_ROWS:
            found.append(f"The file has {self.rows} examples; a provider takes {LEAST_ROWS} or more.")
        if size > MOST_BYTES:
            found.append(f"The file has {size:,} bytes; at most {MOST_BYTES:,} can be uploaded.")
        return found


def problems(record: Record, paired: bool) -> Iterator[str]:
    """Every rule that the record breaks, in words."""
    messages = record.messages
    if not any(m.get("role") == "assistant" and m.get("weight") != 0 for m in messages):
        yield "there is no answer to learn from: every one has weight 0"
    if paired and record.non_preferred and len(record.non_preferred) != 1:
        yield "the non-preferred answer must be one message"
    images = 0
    for message in messages:
        pictures = _images(message)
        images += pictures
        if pictures and message["role"] == "assistant":
            yield "an assistant message holds a picture"
        if message.get("weight") is not None and message["role"] != "assistant":
            yield f"a {message['role']} message has a weight"
    if images > MOST_IMAGES:
        yield f"{images} pictures; at most {MOST_IMAGES} are taken"
    yield from _calls(messages, record.tools)
    yield from _tools(record.tools)


def _images(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    return sum(part.get("type") == "image_url" for part in content) if isinstance(content, list) else 0


def _calls(messages: Sequence[Mapping[str, Any]], tools: Sequence[Any] | None) -> Iterator[str]:
    offered = {tool["function"]["name"] for tool in tools or ()}
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                yield "a tool message answers a call that was not made just before"
            waiting.discard(str(message.get("tool_call_id")))
            continue
        if waiting:
            yield "the talk goes on before a tool call was answered"
            waiting = set()
        for call in message.get("tool_calls") or ():
            waiting.add(str(call.get("id")))
            yield from _call(call["function"], offered)


def _call(function: Mapping[str, Any], offered: set[str]) -> Iterator[str]:
    name = function["name"]
    if name not in offered:
        yield f"it calls {name[:64]}, which is not among its tools"
    try:
        orjson.loads(function.get("arguments") or "{}")
    except orjson.JSONDecodeError:
        yield f"the arguments of {name[:64]} are not JSON"


def _tools(tools: Sequence[Any] | None) -> Iterator[str]:
    for tool in tools or ():
        name = tool["function"]["name"]
        if not NAME.fullmatch(name):
            yield f"the tool name “{name[:64]}” must be letters, digits, - and _, at most 64"
