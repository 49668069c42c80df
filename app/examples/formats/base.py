"""What every import format answers, and reading a file line by line in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from app.core.errors import Invalid
from app.examples.rules import ParsedExample

MAX_LINE = 4_000_000  # bytes of one line or CSV record
EXCERPT = 500  # characters of a refused line that are kept
BOM = b"\xef\xbb\xbf"


class NotThisFile(Invalid):
    """The file as a whole cannot be read. ``str(error)`` says why and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, [])
        self.errors = Invalid.field("file", reason).errors


@dataclass(frozen=True, slots=True)
class Position:
    """So many bytes and lines of the file have been dealt with."""

    bytes: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: an example, or the reason why it is none. ``end`` is where the next row starts.

    A row without either *defines* something (an eval, a run): ``graders`` are the grader objects that stand in it.
    One line may hold several rows; they share its ``end``.
    """

    line: int
    end: Position
    example: ParsedExample | None
    reason: str = ""
    excerpt: str = ""
    graders: Sequence[Any] = ()


@dataclass(frozen=True)
class Table:
    """The columns of a file, and the first rows as they are shown."""

    columns: list[str]
    sample: list[list[str]]


Rows = Callable[[Path, dict[str, Any] | None, Position], Iterator[Row]]


@dataclass(frozen=True)
class Format:
    """One import format. ``rows(path, mapping, start)`` reads from a position that an earlier row's ``end`` gave.

    ``table`` finds columns that a person maps (None for a file that needs no mapping). Without a mapping a format
    that ``needs_mapping`` is refused; the others go by the columns' names.
    """

    name: str
    label: str
    rows: Rows
    table: Callable[[Path], Table | None] | None = None
    needs_mapping: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its line break. ``data`` is cut to an excerpt where the line is ``too_long``."""

    number: int
    data: bytes
    end: Position
    too_long: bool = False


def read_lines(file: BinaryIO, at: Position) -> Iterator[Line]:
    """The lines from ``at`` on, holding at most one of ``MAX_LINE`` bytes; a longer one is passed over unread."""
    file.seek(at.bytes)
    offset, number = at.bytes, at.lines
    while data := file.readline(MAX_LINE + 2):
        number += 1
        offset += len(data)
        kept, too_long = data, len(data.rstrip(b"\r\n")) > MAX_LINE
        if too_long:
            kept = data[: EXCERPT * 4]
            while data and not data.endswith(b"\n"):
                data = file.readline(MAX_LINE)
                offset += len(data)
        if number == 1:
            kept = kept.removeprefix(BOM)
        yield Line(number, kept, Position(offset, number), too_long)


def excerpt(data: bytes | str) -> str:
    """The beginning of a refused line, with what no text column can hold written out."""
    if isinstance(data, bytes):
        data = data[: EXCERPT * 4].decode("utf-8", "backslashreplace")
    clean = data.strip("\r\n")[:EXCERPT].encode("utf-8", "backslashreplace").decode()
    return clean.replace("\x00", "\\x00")[:EXCERPT]


def too_long_reason() -> str:
    return f"the line: is longer than {MAX_LINE // 1_000_000} MB"
