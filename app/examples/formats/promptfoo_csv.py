"""Promptfoo's CSV of tests: a column for each variable, and ``__expected``, ``__description``, ``__metadata:…``."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import csv_table
from app.examples.formats.base import NotThisFile, Position, Row, excerpt
from app.examples.formats.json_lines import Definition, Fields
from app.examples.rules import ParsedExample

EXPECTED, METADATA = "__expected", "__metadata:"


def is_one(path: Path) -> bool:
    """Whether the file is a table rather than lines of JSON."""
    with path.open("rb") as file:
        start = file.read(4_096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return not start.startswith(b"{")


def has_expectations(path: Path) -> bool:
    """Whether a CSV's heading is promptfoo's."""
    try:
        columns = csv_table.heading(path).columns
    except NotThisFile:
        return False
    return any(column.startswith((EXPECTED, METADATA)) for column in columns)


def tests(path: Path, at: Position) -> Iterator[tuple[csv_table.Record, Fields | None]]:
    """(record, the test that it is, or None where it is refused)."""
    head = csv_table.heading(path)
    for record in csv_table.records(path, head, at):
        cells = None if record.reason else dict(zip(head.columns, record.cells, strict=True))
        yield record, _test(cells) if cells is not None else None


def rows(path: Path, at: Position, parse: Callable[[Fields], ParsedExample | Definition]) -> Iterator[Row]:
    for record, test in tests(path, at):
        if test is None:
            yield Row(record.line, record.end, None, record.reason, record.excerpt)
            continue
        try:
            parsed = parse(test)
        except Refused as error:
            yield Row(record.line, record.end, None, str(error), excerpt(",".join(record.cells)))
        else:
            yield Row(record.line, record.end, None if isinstance(parsed, Definition) else parsed)


def _test(cells: dict[str, str]) -> Fields:
    own = {name: cell for name, cell in cells.items() if name.startswith("__") and cell.strip()}
    metadata = {name.removeprefix(METADATA): cell for name, cell in own.items() if name.startswith(METADATA)}
    other = {name.strip("_"): cell for name, cell in own.items() if not name.startswith((EXPECTED, METADATA))}
    fixed: dict[str, Any] = {
        "vars": {name: cell for name, cell in cells.items() if not name.startswith("__")},
        "assert": [_assertion(cell) for name, cell in own.items() if name.startswith(EXPECTED)],
        "metadata": metadata,
    }
    return other | fixed


def _assertion(cell: str) -> Fields:
    """``contains: billing``, ``llm-rubric: is polite``, or the expected text itself."""
    kind, mark, value = cell.partition(":")
    kind = kind.strip()
    if kind == "is-refusal":
        return {"type": kind}
    if mark and kind and all(part.isalnum() for part in kind.split("-")):
        return {"type": kind, "value": value.strip()}
    return {"type": "equals", "value": cell}
