"""Reading a file in batches: rows checked and written out as lines of COPY. Pure, but for the file.

Nothing of the web or the database is imported, so that a process that only reads starts quickly.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import HoldoutError
from app.examples.copy_lines import Origin, Written, written
from app.examples.formats import FORMATS, Position, Row
from app.examples.run_outputs import WITH_OUTPUTS, RunOutput, output_in
from app.examples.unpacking.kinds import Unreadable

BATCH_ROWS = 1_000
BATCH_BYTES = 8_000_000


@dataclass(frozen=True)
class Batch:
    """``written``: its examples; ``others``: the rows that are none, refused or defining something; ``outputs``: what
    runs of another console answered, of those examples that hold some."""

    start: Position
    end: Position
    size: int
    written: list[Written]
    others: list[Row]
    outputs: list[RunOutput] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """What is read from where on, and where its examples come from."""

    path: Path
    format: str
    mapping: dict[str, Any] | None
    start: Position
    origin: Origin

    def batches(self) -> Iterator[Batch]:
        """Rows in heaps of a thousand, or of fewer where they are long; the rows of one line stay together.

        Raises Unreadable, or what opening a file raises.
        """
        try:
            for start, end, heap in _heaps(FORMATS[self.format].rows(self.path, self.mapping, self.start), self.start):
                examples = [written(self.origin, row.example) for row in heap if row.example is not None]
                others = [row for row in heap if row.example is None]
                yield Batch(start, end, len(heap), examples, others, self._outputs(heap))
        except HoldoutError as error:
            raise Unreadable(str(error)) from error

    def _outputs(self, heap: list[Row]) -> list[RunOutput]:
        return [found for row in heap if (found := output_in(row))] if self.format in WITH_OUTPUTS else []


def _heaps(rows: Iterator[Row], start: Position) -> Iterator[tuple[Position, Position, list[Row]]]:
    heap: list[Row] = []
    for end, of_line in itertools.groupby(rows, lambda row: row.end):
        heap += of_line
        if len(heap) >= BATCH_ROWS or end.bytes - start.bytes > BATCH_BYTES:
            yield start, end, heap
            start, heap = end, []
    if heap:
        yield start, heap[-1].end, heap
