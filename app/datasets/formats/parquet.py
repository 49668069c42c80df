"""Parquet with every field: one text column of JSON for what has a shape of its own, so that no row forces another's.

Row groups are cut by rows and by size, which the data alone decides: equal versions have equal bytes, and memory
stays flat. The footer names the version of the library that wrote it, which the lock file pins.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from app.datasets.formats.base import Record, Writer

TEXT = ("messages", "tools", "non_preferred_output", "expected", "metadata", "behavior", "group", "source")
GROUP_ROWS = 2_000
GROUP_BYTES = 8_000_000


class Sink(io.RawIOBase):
    """Bytes on their way out: ``take`` empties it."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._taken + len(self._waiting)

    def write(self, data: Any) -> int:
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._taken += len(taken)
        self._waiting.clear()
        return taken


def write(records: Iterable[Record], paired: bool) -> Iterator[bytes]:
    import pyarrow as pa  # heavy, and seldom needed
    import pyarrow.parquet as pq

    schema = pa.schema([*((name, pa.string()) for name in TEXT), ("tags", pa.list_(pa.string()))])
    sink = Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(map(_row, records)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            yield sink.take()
    yield sink.take()


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        group.append(row)
        size += sum(len(row[name] or "") for name in TEXT)
        if len(group) == GROUP_ROWS or size > GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _row(record: Record) -> dict[str, Any]:
    return {
        "messages": _json(record.messages),
        "tools": _json(record.tools),
        "non_preferred_output": _json(record.non_preferred),
        "expected": _json(record.expected),
        "metadata": _json(record.extra),
        "behavior": record.behavior,
        "group": record.group,
        "source": record.source,
        "tags": list(record.tags),
    }


def _json(value: Any) -> str | None:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() if value else None


WRITER = Writer(
    "parquet", "Parquet", "parquet", "application/vnd.apache.parquet", write, holds="every field, messages as JSON text"
)
