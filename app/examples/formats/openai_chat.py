"""OpenAI's chat format: one JSON object a line, ``messages`` and our fields beside it (interfaces.md §4)."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats.base import Format, Line, Position, Row, excerpt, read_lines, too_long_reason
from app.examples.rules import ParsedExample, parse_example


def parse_jsonl_line(line: bytes | str, *, tags: tuple[str, ...] = ()) -> ParsedExample:
    """One line as an example; ``tags`` are added to its own. Raises Refused naming the field and the reason."""
    if isinstance(line, bytes):
        line = _decoded(line)
    fields = parse_json(line)
    if not isinstance(fields, dict):
        raise Refused("the line: must be a JSON object with messages")
    return parse_example(fields, tags=tags)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise Refused(f"the line: is not UTF-8 text at byte {error.start + 1}") from error


def parse_json(text: str) -> Any:
    """JSON as the standard has it: no NaN, no infinity, no field twice. Raises Refused.

    The standard library's parser, because the faster one silently keeps the last of two fields of one name and turns
    large whole numbers into rounded ones.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused(f"the line: is not JSON: {error.msg} (column {error.colno})") from error
    except RecursionError as error:
        raise Refused("the line: objects and lists stand too deep in one another") from error
    except ValueError as error:  # a number of more than 4,300 digits
        if isinstance(error, Refused):
            raise
        raise Refused("the line: a number has too many digits") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"the line: the field “{excerpt(twice)[:40]}” stands twice in one object")
    return fields


def _no_constant(name: str) -> Any:
    raise Refused(f"the line: {name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Refused(f"the line: the number {text[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite)


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    with path.open("rb") as file:
        for line in read_lines(file, at):
            if line.data.strip():
                yield _row(line)


def _row(line: Line) -> Row:
    if line.too_long:
        return Row(line.number, line.end, None, too_long_reason(), excerpt(line.data))
    try:
        return Row(line.number, line.end, parse_jsonl_line(line.data))
    except Refused as error:
        return Row(line.number, line.end, None, str(error), excerpt(line.data))


FORMAT = Format("openai_chat", "Chat messages, one JSON object a line (OpenAI)", rows)
