"""Putting a mask in the place of spans of a conversation. Pure."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from app.examples.rules import text_of


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``stop`` of a message's text, and what to put there."""

    message_index: int
    start: int
    stop: int
    replacement: str


def masked(messages: Sequence[Mapping[str, Any]], spans: Sequence[Span]) -> list[dict[str, Any]]:
    """The conversation with all spans replaced. Spans must lie inside their message's text.

    Of spans that overlap, the one that begins first (the longer of two) covers the others.
    """
    found: list[dict[str, Any]] = deepcopy([dict(message) for message in messages])
    for index in sorted({span.message_index for span in spans}):
        own = _apart([span for span in spans if span.message_index == index])
        found[index]["content"] = _content(found[index].get("content"), own)
    return found


def _apart(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.stop)):
        if not kept or span.start >= kept[-1].stop:
            kept.append(span)
    return kept


def _content(content: Any, spans: Sequence[Span]) -> Any:
    """Text, or a list of parts whose texts stand on lines of their own (as ``text_of`` joins them)."""
    if isinstance(content, str):
        return _text(content, spans, 0)
    offset = 0
    for part in content:
        name = "text" if part.get("text") else "refusal"
        shown = text_of([part])
        if part.get(name):
            part[name] = _text(
                part[name], [s for s in spans if offset <= s.start and s.stop <= offset + len(shown)], offset
            )
        offset += len(shown) + 1
    return content


def _text(text: str, spans: Sequence[Span], offset: int) -> str:
    for span in reversed(spans):
        text = text[: span.start - offset] + span.replacement + text[span.stop - offset :]
    return text
