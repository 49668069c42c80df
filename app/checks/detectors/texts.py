"""The texts of one example, and how a finding in one of them is made. Pure."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.checks.detectors.base import Found, Subject
from app.examples.rules import text_of

SPEAKERS = {
    "system": "The instructions",
    "developer": "The instructions",
    "user": "The user's message",
    "assistant": "The assistant's message",
    "tool": "A tool's answer",
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text: the content of message ``index``, or what a remedy reaches only by its value (``index`` stays).

    ``where`` names those: a call's arguments, ``refusal``, ``expected.text`` … It is None for the content.
    """

    text: str
    index: int | None
    role: str
    where: str | None = None

    @property
    def speaker(self) -> str:
        if self.where and self.index is None:
            return "The expected answer" if self.where.startswith("expected") else "The answer that was not preferred"
        return "The arguments of a tool call" if self.where and "arguments" in self.where else SPEAKERS[self.role]

    @property
    def where_it_is(self) -> str:
        """The beginning of a sentence about something in it: "In the user's message"."""
        return f"In {self.speaker[0].lower()}{self.speaker[1:]}"

    @property
    def holds(self) -> str:
        """The beginning of a sentence about what stands in it."""
        return f"{self.speaker} {'hold' if self.speaker.endswith('s') else 'holds'}"


def texts_of(subject: Subject) -> Iterator[Text]:
    """All texts of an example: what is said first, then calls and what is expected."""
    for index, message in enumerate(subject.messages):
        role = str(message["role"])
        yield Text(text_of(message.get("content")), index, role)
        yield from _beside(message, index, role)
    for number, message in enumerate(subject.non_preferred or ()):
        yield Text(text_of(message.get("content")), None, "assistant", f"non_preferred.{number}.content")
    for where, text in strings_of(subject.expected or {}, "expected"):
        yield Text(text, None, "assistant", where)


def _beside(message: Mapping[str, Any], index: int, role: str) -> Iterator[Text]:
    if isinstance(message.get("refusal"), str):
        yield Text(message["refusal"], index, role, "refusal")
    for number, call in enumerate(message.get("tool_calls") or ()):
        arguments = call["function"].get("arguments", "")
        yield Text(arguments, index, role, f"tool_calls.{number}.arguments")


def strings_of(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Every string inside a JSON value and the path to it. Does not recurse, so depth is no matter."""
    waiting = [(at, value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, Mapping):
            waiting += [(f"{path}.{key}", child) for key, child in item.items()]
        elif isinstance(item, list):
            waiting += [(f"{path}.{number}", child) for number, child in enumerate(item)]


class Keys:
    """Keys of findings in one example: by value, not by place, so that an edit elsewhere keeps a decision."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def key(self, code: str, text: Text, value: str) -> str:
        """``code:place:digest``, with a counter where the same value stands there again."""
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        place = str(text.index) if text.index is not None else str(text.where).partition(".")[0]
        base = f"{code}:{place}:{digest}"
        self._seen[base] = self._seen.get(base, 0) + 1
        return base if self._seen[base] == 1 else f"{base}:{self._seen[base]}"


def found_in(
    text: Text, kind: str, code: str, words: str, key: str, span: tuple[int, int], replacement: str | None = None
) -> Found:
    """A finding at a span of a text. Outside a message's content there is no span; ``evidence.where`` says where."""
    inside = text.where is None
    return Found(
        kind=kind,
        code=code,
        words=words,
        key=key,
        message_index=text.index,
        start=span[0] if inside else None,
        stop=span[1] if inside else None,
        replacement=replacement,
        evidence={} if inside else {"where": text.where},
    )
