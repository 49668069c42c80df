"""A table to open in a spreadsheet: every field, formulas made neutral, numbers intact.

``messages`` is written only where system, user and assistant do not say everything. Importing the file gives the same
examples back.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from app.datasets.formats.base import Record, Writer
from app.examples.rules import text_of
from app.examples.spreadsheet import COLUMNS, neutral

BOM = b"\xef\xbb\xbf"  # without it spreadsheets take the file for an older encoding


def write(records: Iterable[Record], paired: bool) -> Iterator[bytes]:
    yield BOM + _row(COLUMNS)
    for record in records:
        cells = _cells(record)
        yield _row([neutral(cells.get(column, "")) for column in COLUMNS])


def _row(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()


def _cells(record: Record) -> dict[str, str]:
    said: dict[str, str] = {}
    for message in record.messages:
        said[str(message["role"])] = text_of(message.get("content"))  # the last of each
    turns = [{"role": role, "content": said[role]} for role in ("system", "user", "assistant") if said.get(role)]
    cells = {name: said.get(name, "") for name in ("system", "user", "assistant")}
    if record.messages != turns:
        cells["messages"] = _json(record.messages)
    cells |= {name: value for name in ("behavior", "group", "source") if (value := getattr(record, name))}
    cells["label"] = str((record.expected or {}).get("label") or "")
    others = {
        "tags": list(record.tags),
        "tools": record.tools,
        "non_preferred_output": record.non_preferred,
        "expected": record.expected,
        "metadata": record.extra,
    }
    return cells | {name: _json(value) for name, value in others.items() if value}


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


WRITER = Writer(
    "csv",
    "CSV for a spreadsheet",
    "csv",
    "text/csv; charset=utf-8",
    write,
    holds="every field; formulas are made neutral, and importing the file gives the text back",
    limits="a spreadsheet itself cuts a cell at 32,767 characters",
)
