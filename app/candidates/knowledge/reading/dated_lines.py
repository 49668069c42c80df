"""JSONL of versions: a line is one version of one document, like {"path": …, "date": …, "text": …}."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from app.candidates.knowledge.reading.documents import Document, kind_of, plain
from app.candidates.knowledge.reading.markup import of_text
from app.examples.unpacking.kinds import BOM, Unreadable

NAMES = ("path", "name", "file")
MAX_LINES = 20_000
MAX_NAME = 200


def from_lines(path: Path) -> Iterator[Document]:
    """Raises Unreadable naming the first wrong line: of a history with holes nobody would know what held when."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw.removeprefix(BOM).strip()
            if number > MAX_LINES:
                raise Unreadable(f"The file has more than {MAX_LINES:,} lines. Split it.")
            if line:
                yield _document(line, number)


def _document(line: bytes, number: int) -> Document:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"Line {number} is not JSON: {error}.") from error
    name = next((row[field] for field in NAMES if row.get(field)), None) if isinstance(row, dict) else None
    if not isinstance(name, str) or not isinstance(row.get("text"), str):
        raise Unreadable(f"Line {number} needs “path” (or “name”), “date” and “text”, each a text.")
    clean = "".join(char for char in plain(name) if char.isprintable())[-MAX_NAME:]
    kind = kind_of(name)
    raw = row["text"].encode("utf-8", "ignore")
    return of_text(clean, _date(row, number), "text" if kind is None or kind == "pdf" else kind, raw)


def _date(row: dict[str, Any], number: int) -> str:
    written = row.get("date")
    try:
        return date.fromisoformat(str(written)[:10]).isoformat()
    except ValueError as error:
        raise Unreadable(f"Line {number}: “date” must be a date like 2026-01-31.") from error
