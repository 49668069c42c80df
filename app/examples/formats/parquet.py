"""Parquet tables, read after they were unpacked into lines (see ``app/examples/unpacking``).

A table whose columns are those of a known format (``messages``, ``conversations``, ``prompt`` and ``chosen``, …) is
read as that; any other one needs a mapping of its columns. Our own export, and others like it, hold messages, tools
and their kin as JSON text in columns of text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.formats import (
    alpaca,
    argilla,
    json_lines,
    json_table,
    label_studio,
    openai_chat,
    openai_evals,
    openai_preference,
    sharegpt,
)
from app.examples.formats.base import Format, Position, Row, Table
from app.examples.rules import ParsedExample
from app.examples.shapes import shape_of
from app.examples.strict_json import parse_json

WRITTEN = ("messages", "tools", "non_preferred_output", "expected", "metadata")  # may be JSON text


def _parse(fields: dict[str, Any]) -> ParsedExample:
    """A row of our own columns. Raises Refused."""
    texts = {name: fields[name] for name in WRITTEN if isinstance(fields.get(name), str)}
    return openai_chat.parse(fields | {name: parse_json(text) for name, text in texts.items()})


def _chats(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    return json_lines.rows(path, at, _parse)


INNER = {
    form.name: form
    for form in (
        Format("openai_chat", "OpenAI chat", _chats),
        openai_preference.FORMAT,
        openai_evals.FORMAT,
        sharegpt.FORMAT,
        alpaca.FORMAT,
        label_studio.FORMAT,
        argilla.FORMAT,
    )
}


def inner(path: Path) -> Format:
    """The format that the rows have."""
    first = json_lines.first_objects(path, 1)
    return INNER.get(shape_of(first[0]) or "" if first else "", json_table.FORMAT)


def table(path: Path) -> Table | None:
    found = inner(path)
    return found.table(path) if found.table and json_lines.first_objects(path, 1) else None


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    """A mapping is of the columns that ``table`` told, so it is the same format's to read."""
    if not json_lines.first_objects(path, 1):
        return iter(())
    return inner(path).rows(path, mapping, at)


FORMAT = Format("parquet", "Parquet table", rows, table, needs_mapping=True)
