"""CSV with a heading row, and a mapping that says which column is what.

A record that is not right (a quote that never closes, too few or too many cells) is refused by its first line, and
reading goes on at the line after it: a stray quote cannot swallow the rows that follow.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from app.examples import spreadsheet
from app.examples.chat import Refused
from app.examples.formats.base import (
    MAX_LINE,
    Format,
    Line,
    NotThisFile,
    Position,
    Row,
    Table,
    excerpt,
    read_lines,
    too_long_reason,
)
from app.examples.formats.columns import checked
from app.examples.formats.mapped import example_of
from app.examples.rules import ParsedExample, parse_example

DELIMITERS = ",;\t|"
MAX_COLUMNS = 1_000
LOOK_ROWS = 200
SAMPLE_ROWS = 20


@dataclass(frozen=True)
class Heading:
    columns: list[str]
    delimiter: str
    end: Position


class _Source:
    """Feeds lines to the CSV reader and knows which of them belong to the record being read."""

    def __init__(self, file: BinaryIO, at: Position) -> None:
        self._lines = read_lines(file, at)
        self.start_record()

    def start_record(self) -> None:
        self.first: Line | None = None
        self.last: Line | None = None
        self._size = 0

    def __iter__(self) -> "_Source":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.first = self.first or line
        self.last = line
        self._size += len(line.data)
        if line.too_long:
            raise Refused(too_long_reason())
        if self._size > MAX_LINE:
            raise Refused(f"the line: a quote opens here and does not close within {MAX_LINE // 1_000_000} MB")
        try:
            return line.data.decode()
        except UnicodeDecodeError as error:
            raise Refused(f"the line: is not UTF-8 text at byte {error.start + 1}") from error


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record, or the reason why its first line is refused."""

    line: int
    end: Position
    cells: list[str]
    reason: str = ""
    excerpt: str = ""


def heading(path: Path) -> Heading:
    """The columns and the delimiter, from the first line that is not blank. Raises NotThisFile."""
    csv.field_size_limit(MAX_LINE)
    start = Position()
    with path.open("rb") as file:
        for line in read_lines(file, start):
            if line.data.strip():
                return _heading(file, line, start)
            start = line.end
    raise NotThisFile("The file has no rows.")


def _heading(file: BinaryIO, line: Line, start: Position) -> Heading:
    delimiter = max(DELIMITERS, key=lambda mark: line.data.count(mark.encode()))
    source = _Source(file, start)
    try:
        cells = next(csv.reader(source, delimiter=delimiter, strict=True))
    except (csv.Error, Refused, StopIteration) as error:
        raise NotThisFile(f"The heading row cannot be read: {error}.") from error
    if len(cells) > MAX_COLUMNS:
        raise NotThisFile(f"The heading row names {len(cells):,} columns; at most {MAX_COLUMNS:,} are taken.")
    if any("\x00" in cell for cell in cells):
        raise NotThisFile("The heading row contains the character NUL.")
    columns: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell.strip() or f"column {number}"
        while name in columns:
            name += f" ({number})"
        columns.append(name)
    return Heading(columns, delimiter, source.last.end if source.last else line.end)


def records(path: Path, head: Heading, at: Position) -> Iterator[Record]:
    """Every record from ``at`` on (from below the heading where ``at`` is the beginning); blank lines are none."""
    csv.field_size_limit(MAX_LINE)
    at = max(at, head.end, key=lambda position: position.bytes)
    with path.open("rb") as file:
        more = True
        while more:
            more = False
            for record in _until_refused(file, head, at):
                yield record
                at = record.end
                more = bool(record.reason)


def _until_refused(file: BinaryIO, head: Heading, at: Position) -> Iterator[Record]:
    source = _Source(file, at)
    reader = csv.reader(source, delimiter=head.delimiter, strict=True)
    while True:
        source.start_record()
        try:
            cells, reason = next(reader), ""
        except StopIteration:
            return
        except Refused as error:
            cells, reason = [], str(error)
        except csv.Error as error:
            cells, reason = [], _words(error)
        first, last = source.first, source.last
        if first is None or last is None:
            return
        if not cells and not reason:
            continue
        if not reason and len(cells) != len(head.columns):
            reason = f"the line: has {len(cells)} cells where the heading has {len(head.columns)}"
        if reason:
            yield Record(first.number, first.end, [], reason, excerpt(first.data))
            return
        yield Record(first.number, last.end, cells)


def _words(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "the line: a quote opens here and never closes"
    return f"the line: {error}"


def table(path: Path) -> Table | None:
    """None for our own export, whose columns say themselves what they are."""
    head = heading(path)
    if tuple(head.columns) == spreadsheet.COLUMNS:
        return None
    first = islice(records(path, head, Position()), LOOK_ROWS)
    cells = islice((record.cells for record in first if not record.reason), SAMPLE_ROWS)
    return Table(head.columns, list(cells))


def rows(path: Path, mapping: dict[str, Any] | None, at: Position) -> Iterator[Row]:
    head = heading(path)
    parse = _parser(head, mapping)
    for record in records(path, head, at):
        yield _row(record, head, parse)


def _parser(head: Heading, mapping: dict[str, Any] | None) -> Callable[[dict[str, str]], ParsedExample]:
    if mapping is None and tuple(head.columns) == spreadsheet.COLUMNS:
        return lambda cells: parse_example(spreadsheet.fields(cells))
    columns = checked(mapping, head.columns)
    return lambda cells: example_of(cells, columns)


def _row(record: Record, head: Heading, parse: Callable[[dict[str, str]], ParsedExample]) -> Row:
    if record.reason:
        return Row(record.line, record.end, None, record.reason, record.excerpt)
    try:
        example = parse(dict(zip(head.columns, record.cells, strict=True)))
    except Refused as error:
        return Row(record.line, record.end, None, str(error), excerpt(head.delimiter.join(record.cells)))
    return Row(record.line, record.end, example)


FORMAT = Format("csv", "CSV table", rows, table, needs_mapping=True)
