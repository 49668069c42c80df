"""Reading a file ahead of the database: the next batch is checked and written out while the one before is stored.

A long file is read in a process of its own: in a thread, reading would hold up the one that talks to the database
each time that it wants to go on.
"""

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.errors import HoldoutError
from app.core.orphans import die_with_parent
from app.examples.copying import Origin, Written, written
from app.examples.formats import FORMATS, Position, Row
from app.examples.unpacking.kinds import Unreadable

BATCH_ROWS = 1_000
BATCH_BYTES = 8_000_000
OWN_PROCESS_BYTES = 4_000_000  # what is shorter is read before a process has started


@dataclass(frozen=True)
class Batch:
    """``written``: its examples; ``others``: the rows that are none, refused or defining something."""

    start: Position
    end: Position
    size: int
    written: list[Written]
    others: list[Row]


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
                yield Batch(start, end, len(heap), examples, [row for row in heap if row.example is None])
        except HoldoutError as error:
            raise Unreadable(str(error)) from error

    def ahead(self) -> Iterator[Batch]:
        """The same batches, the next one always under way."""
        with self._pool() as pool:
            waiting = pool.submit(_next)
            while batch := waiting.result():
                waiting = pool.submit(_next)
                yield batch

    def _pool(self) -> Executor:
        if self.path.stat().st_size - self.start.bytes < OWN_PROCESS_BYTES:
            return ThreadPoolExecutor(1, "read-ahead", _open, (self,))
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _open_in_process, (self, os.getpid()))


def _heaps(rows: Iterator[Row], start: Position) -> Iterator[tuple[Position, Position, list[Row]]]:
    heap: list[Row] = []
    for end, of_line in itertools.groupby(rows, lambda row: row.end):
        heap += of_line
        if len(heap) >= BATCH_ROWS or end.bytes - start.bytes > BATCH_BYTES:
            yield start, end, heap
            start, heap = end, []
    if heap:
        yield start, heap[-1].end, heap


_reader = threading.local()


def _open(reading: Reading) -> None:
    _reader.batches = reading.batches()


def _open_in_process(reading: Reading, worker: int) -> None:
    die_with_parent(worker)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker hears of it, and ends this process in its own time
    _open(reading)


def _next() -> Batch | None:
    batch: Batch | None = next(_reader.batches, None)
    return batch
