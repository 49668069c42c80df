"""Rows of JSON objects with fields of somebody's own, and a mapping that says which field is what.

``sketch`` and ``parser`` serve the other formats whose rows are cells at heart (OpenAI's evals, Label Studio, …).
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from app.examples.chat import Refused
from app.examples.formats import json_lines, turns
from app.examples.formats.base import Format, NotThisFile, Position, Row, Table
from app.examples.formats.columns import ColumnMapping, checked, suggest
from app.examples.formats.json_lines import Definition, Fields
from app.examples.formats.mapped import Beside, example_of
from app.examples.rules import ParsedExample

LOOK_ROWS = 200
SAMPLE_ROWS = 20
MAX_COLUMNS = 1_000


def sketch(rows: Iterable[Fields]) -> Table | None:
    """The columns of some rows in the order in which they appear, and those rows as texts; None without columns."""
    given = list(rows)
    columns = list(dict.fromkeys(name for row in given for name in row))
    if len(columns) > MAX_COLUMNS:
        raise NotThisFile(f"The rows have {len(columns):,} fields; at most {MAX_COLUMNS:,} are taken.")
    sample = [[turns.text(row.get(name)) for name in columns] for row in given[:SAMPLE_ROWS]]
    return Table(columns, sample) if columns else None


def mapping_for(table: Table | None, mapping: dict[str, Any] | None, *, needed: bool) -> ColumnMapping | None:
    """The mapping as given, or where none is needed the suggested one; None for a file without columns."""
    if table is None:
        return None
    given = mapping if mapping is not None or needed else suggest(table)
    return checked(given, table.columns, answer=needed)


def table(path: Path) -> Table:
    found = sketch(json_lines.first_objects(path, LOOK_ROWS))
    if found is None:
        raise NotThisFile("No line of the file is a JSON object with fields.")
    return found


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    columns = checked(mapping, table(path).columns)
    return json_lines.rows(path, at, lambda fields: example_of(fields, columns))


Split = Callable[[Fields], tuple[Fields, Beside] | Definition]


def cells_of(split: Split, path: Path) -> Iterator[Fields]:
    """The cells of the first rows that have no conversation of their own."""
    for fields in json_lines.first_objects(path, LOOK_ROWS):
        try:
            found = split(fields)
        except Refused:
            continue
        if not isinstance(found, Definition):
            yield found[0]


def parser(split: Split, mapping: ColumnMapping | None) -> Callable[[Fields], ParsedExample | Definition]:
    """``split`` makes cells, and what stands beside them, of a row."""
    given = mapping or ColumnMapping(user="messages")

    def parse(fields: Fields) -> ParsedExample | Definition:
        found = split(fields)
        return found if isinstance(found, Definition) else example_of(found[0], given, found[1])

    return parse


FORMAT = Format("json_table", "JSON with fields of your own", rows, table, needs_mapping=True)
