"""What a case is, what a line of training data is, and the hashes of both. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

Message = Mapping[str, Any]
# the order of fields in a training line; the rest follow by name
MESSAGE_FIELDS = ("role", "name", "content", "refusal", "tool_calls", "tool_call_id", "weight")


@dataclass(frozen=True)
class CaseContent:
    """``messages`` end before the expected answer; ``expected`` says what is wanted of it and is never empty."""

    messages: list[Message]
    expected: dict[str, Any]


def answer_index(messages: Sequence[Message]) -> int | None:
    """Where the target answer stands: the last assistant message that says something or calls a tool."""
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.get("role") == "assistant":
            return index if message.get("content") or message.get("tool_calls") else None
    return None


def case_content(
    messages: Sequence[Message], expected: Mapping[str, Any] | None, behavior: str | None = None
) -> CaseContent | None:
    """Cut a conversation before its target answer. None where nothing says what to expect, or nothing is asked.

    ``expected`` keeps what it has; its ``text`` and ``tool_calls`` default to the target answer's, its ``behavior``
    to ``behavior``. Without an assistant message the whole conversation is the question.
    """
    index = answer_index(messages)
    wanted = {key: value for key, value in (expected or {}).items() if value is not None}
    if index is not None:
        answer = messages[index]
        text = text_of(answer.get("content"))
        if text:
            wanted.setdefault("text", text)
        if answer.get("tool_calls"):
            wanted.setdefault("tool_calls", answer["tool_calls"])
    if behavior:
        wanted.setdefault("behavior", behavior)
    before = list(messages if index is None else messages[:index])
    asked = any(message.get("role") not in ("system", "developer") for message in before)
    return CaseContent(before, wanted) if wanted and asked else None


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or OpenAI's list of parts (text parts joined)."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict) and part.get("type") == "text")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no blanks, UTF-8: equal values have equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def case_hash(messages: Sequence[Message], tools: Sequence[Any] | None, expected: Mapping[str, Any]) -> str:
    """SHA-256 of what is asked and what is expected. Runs on cases with one hash can be compared."""
    return hashlib.sha256(canonical({"messages": messages, "tools": tools, "expected": expected})).hexdigest()


def set_hash(kind: str, cases: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of a set's kind and its cases in order, each with everything that is stored of it."""
    digest = hashlib.sha256(canonical({"kind": kind}))
    for case in cases:
        digest.update(b"\n" + canonical(case))
    return digest.hexdigest()


def training_line(messages: Sequence[Message], tools: Sequence[Any] | None) -> bytes | None:
    """One line of OpenAI's chat fine-tuning format, up to and with the target answer; None if there is no answer.

    The bytes depend on the values alone: fields stand in a fixed order however the database keeps them.
    """
    index = answer_index(messages)
    if index is None:
        return None
    line: dict[str, Any] = {"messages": [_in_order(message) for message in messages[: index + 1]]}
    if tools:
        line["tools"] = [_sorted(tool) for tool in tools]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _in_order(message: Message) -> dict[str, Any]:
    known = {name: _sorted(message[name]) for name in MESSAGE_FIELDS if message.get(name) is not None}
    if "content" in message:
        known.setdefault("content", message["content"])  # null beside tool calls is part of the format
    return known | {name: _sorted(message[name]) for name in sorted(message) if name not in MESSAGE_FIELDS}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
