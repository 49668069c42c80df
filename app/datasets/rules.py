"""What a case is, what a line of training data is, and the hashes of both. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.examples.rules import answer_index, canonical, prompt, text_of

Message = Mapping[str, Any]
# the order of fields in a training line; the rest follow by name
MESSAGE_FIELDS = ("role", "name", "content", "refusal", "tool_calls", "tool_call_id", "weight")


@dataclass(frozen=True)
class CaseContent:
    """``messages`` end before the expected answer; ``expected`` says what is wanted of it and is never empty."""

    messages: list[Message]
    expected: dict[str, Any]


def case_content(
    messages: Sequence[Message], expected: Mapping[str, Any] | None, behavior: str | None = None
) -> CaseContent | None:
    """Cut a conversation before its target answer. None where nothing says what to expect, or nothing is asked.

    ``expected`` keeps what it has; its ``text`` and ``tool_calls`` default to the target answer's, its ``behavior``
    to ``behavior``. A conversation that does not end with the assistant is all question.
    """
    index = answer_index(messages)
    wanted = {key: value for key, value in (expected or {}).items() if value is not None}
    if index is not None:
        answer = messages[index]
        text = text_of(answer.get("content")) or answer.get("refusal")
        if text:
            wanted.setdefault("text", text)
        if answer.get("tool_calls"):
            wanted.setdefault("tool_calls", answer["tool_calls"])
    if behavior:
        wanted.setdefault("behavior", behavior)
    before = list(prompt(messages))
    asked = any(message.get("role") not in ("system", "developer") for message in before)
    return CaseContent(before, wanted) if wanted and asked else None


def case_hash(messages: Sequence[Message], tools: Sequence[Any] | None, expected: Mapping[str, Any]) -> str:
    """SHA-256 of what is asked and what is expected. Runs on cases with one hash can be compared."""
    return hashlib.sha256(canonical({"messages": messages, "tools": tools, "expected": expected})).hexdigest()


def set_hash(kind: str, cases: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of a set's kind and its cases in order, each with everything that is stored of it."""
    digest = hashlib.sha256(canonical({"kind": kind}))
    for case in cases:
        digest.update(b"\n" + canonical(case))
    return digest.hexdigest()


def training_line(messages: Sequence[Message], tools: Sequence[Any] | None) -> bytes:
    """One line of OpenAI's chat fine-tuning format, with its line feed.

    The bytes depend on the values alone: fields stand in a fixed order however the database keeps them.
    """
    line: dict[str, Any] = {"messages": [in_order(message) for message in messages]}
    if tools:
        line["tools"] = [sorted_keys(tool) for tool in tools]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def in_order(message: Message) -> dict[str, Any]:
    known = {name: sorted_keys(message[name]) for name in MESSAGE_FIELDS if message.get(name) is not None}
    if "content" in message:
        known.setdefault("content", message["content"])  # null beside tool calls is part of the format
    return known | {name: sorted_keys(message[name]) for name in sorted(message) if name not in MESSAGE_FIELDS}


def sorted_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Exclusion:
    """``reason`` is a kind, and after a colon the particulars."""

    example_id: str
    number: int
    reason: str


def parse_numbers(text: str, limit: int) -> list[int]:
    """``12, #15 20-24`` as numbers. Raises ValueError for anything else, or for more than ``limit`` numbers."""
    numbers: list[int] = []
    for part in text.replace(",", " ").replace("–", "-").replace("#", " ").split():
        first, _, last = part.partition("-")
        if not (first.isascii() and first.isdigit() and len(first) < 16 and len(last) < 16):
            raise ValueError(f"“{part[:40]}” is not a number of an example, nor a range such as 20-24.")
        if last and not (last.isascii() and last.isdigit()):
            raise ValueError(f"“{part[:40]}” is not a range such as 20-24.")
        span = range(int(first), int(last or first) + 1)
        if len(numbers) + len(span) > limit:
            raise ValueError(f"At most {limit:,} examples.")
        numbers += span
    return numbers
