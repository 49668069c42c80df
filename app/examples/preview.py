"""A first look at a file: what would come in, what would be refused, and why. Nothing is stored."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import Invalid
from app.examples.formats import FORMATS, Position, Row
from app.examples.formats.columns import suggest
from app.examples.import_service import table_of
from app.examples.rules import ParsedExample

LOOK_ROWS = 200
LOOK_BYTES = 8_000_000
SAMPLE_ROWS = 5
CELL = 300  # characters of a cell that the sample shows


@dataclass(frozen=True)
class Preview:
    """``checked`` rows from the beginning were read. ``sample`` are a table's first rows; without columns, none."""

    format: str
    columns: list[str]
    sample: list[list[str]]
    suggested_mapping: dict[str, Any] | None
    mapping: dict[str, Any] | None  # the one that was applied
    checked: int = 0
    examples: list[ParsedExample] = field(default_factory=list)
    refused: list[Row] = field(default_factory=list)
    definitions: int = 0  # rows that define evals or runs and are no examples
    graders: list[Any] = field(default_factory=list)
    whole_file: bool = False  # every row was read

    @property
    def accepted(self) -> int:
        return self.checked - len(self.refused) - self.definitions


def look(path: Path, format: str, mapping: dict[str, Any] | None = None) -> Preview:
    """Read the first rows with ``mapping``, or with the suggested one. Raises Invalid for a mapping that is wrong."""
    table = table_of(format, path)
    suggested = suggest(table) if table else None
    applied = mapping if mapping is not None and table else suggested
    try:
        rows, whole = _read(path, format, applied)
    except Invalid:
        if mapping is not None:
            raise
        rows, whole = [], False  # the suggestion is not enough: a person has to say which column is what
    refused = [row for row in rows if row.reason]
    defining = [row for row in rows if row.example is None and not row.reason]
    return Preview(
        format=format,
        columns=table.columns if table else [],
        sample=[[cell[:CELL] for cell in row] for row in table.sample[:SAMPLE_ROWS]] if table else [],
        suggested_mapping=suggested,
        mapping=applied,
        checked=len(rows),
        examples=[row.example for row in rows if row.example is not None][:SAMPLE_ROWS],
        refused=refused,
        definitions=len(defining),
        graders=[grader for row in defining for grader in row.graders],
        whole_file=whole,
    )


def _read(path: Path, format: str, mapping: dict[str, Any] | None) -> tuple[list[Row], bool]:
    found: list[Row] = []
    for row in FORMATS[format].rows(path, mapping, Position()):
        found.append(row)
        if len(found) >= LOOK_ROWS or row.end.bytes > LOOK_BYTES:
            return found, False
    return found, True
