"""OpenAI's chat format: one JSON object a line, ``messages`` and our fields beside it (interfaces.md §4)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, Position, Row
from app.examples.rules import ParsedExample, parse_example


def parse_jsonl_line(line: bytes | str, *, tags: tuple[str, ...] = ()) -> ParsedExample:
    """One line as an example; ``tags`` are added to its own. Raises Refused naming the field and the reason."""
    return parse(json_lines.fields_of(line), tags=tags)


def parse(fields: dict[str, Any], *, tags: tuple[str, ...] = ()) -> ParsedExample:
    """Raises Refused naming the field and the reason."""
    messages = fields.get("messages")
    if isinstance(messages, list):
        fields["messages"] = turns.written(messages)
    return parse_example(fields, tags=tags)


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """Every line that is not blank. ``mapping`` has no meaning here."""
    return json_lines.rows(path, at, parse)


FORMAT = Format("openai_chat", "OpenAI chat", rows)
