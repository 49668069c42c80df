"""The body of a request: one JSON document, or lines of JSON."""

from collections.abc import Callable, Iterator
from typing import Any

from app.core.errors import Invalid
from app.examples.chat import Refused
from app.examples.strict_json import parse_json
from app.traffic.formats import openai, otlp
from app.traffic.formats.completion import Completion, Unreadable

MAX_BYTES = 5_000_000
MAX_ROWS = 1_000
Read = tuple[int, Completion | Unreadable | None]


def rows(body: bytes) -> tuple[bool, list[Read]]:
    """(whether it is OTLP, (row from 1, the completion, or why not, or None: no chat)). Raises Invalid for a body
    that is neither."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8 (byte {error.start}).") from error
    try:
        document = parse_json(text)
    except Refused as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise Invalid(f"The body is not JSON: {str(error).removeprefix('the line: ')}.") from error
        return False, _read(lines, _line)
    if isinstance(document, dict) and "resourceSpans" in document:
        try:
            return True, _read(list(otlp.spans(document)), otlp.read)
        except Unreadable as error:
            raise Invalid(f"{error}.") from error
    return False, _read(document if isinstance(document, list) else [document], openai.read)


def _line(text: str) -> Completion:
    try:
        return openai.read(parse_json(text))
    except Refused as error:
        raise Unreadable(str(error)) from error


def _read(values: list[Any], read: Callable[[Any], Completion | None]) -> list[Read]:
    if len(values) > MAX_ROWS:
        raise Invalid(f"At most {MAX_ROWS:,} completions at a time; these are {len(values):,}.")
    return list(_each(values, read))


def _each(values: list[Any], read: Callable[[Any], Completion | None]) -> Iterator[Read]:
    for number, value in enumerate(values, 1):
        try:
            yield number, read(value)
        except Unreadable as error:
            yield number, error
