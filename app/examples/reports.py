"""Refused lines as a file: JSONL for programs, CSV for a spreadsheet."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

import orjson

from app.examples.models import ImportRejection
from app.examples.spreadsheet import neutral


def as_jsonl(rows: Iterable[ImportRejection]) -> Iterator[bytes]:
    for row in rows:
        fields = {"line": row.line, "reason": row.reason, "excerpt": row.excerpt}
        yield orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def as_csv(rows: Iterable[ImportRejection]) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark, which spreadsheets need to read it as such."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["line", "reason", "excerpt"])
    yield b"\xef\xbb\xbf"
    for row in rows:
        writer.writerow([row.line, neutral(row.reason), neutral(row.excerpt)])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


WRITERS: dict[str, Callable[[Iterable[ImportRejection]], Iterator[bytes]]] = {"jsonl": as_jsonl, "csv": as_csv}
