"""Parquet, as one line of JSON for each row: a few hundred rows in memory at a time, in one thread."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.examples.unpacking.kinds import Unreadable
from app.examples.unpacking.output import Output, TooMuch

ROWS = 200
MAX_COLUMNS = 1_000
MAX_FOOTER_STRINGS = 50_000_000  # bytes
MAX_FOOTER_ENTRIES = 1_000_000


def write_rows(path: Path, output: Output) -> None:
    """Raises Unreadable for a file that is no parquet, or has columns that are not taken."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.set_cpu_count(1)
    try:
        table = pyarrow.parquet.ParquetFile(
            path,
            memory_map=False,
            pre_buffer=False,
            buffer_size=65_536,
            thrift_string_size_limit=MAX_FOOTER_STRINGS,
            thrift_container_size_limit=MAX_FOOTER_ENTRIES,
            arrow_extensions_enabled=False,
        )
        _check(table.schema_arrow)
        _measure(table, output)
        for batch in table.iter_batches(batch_size=ROWS, use_threads=False):
            for row in batch.to_pylist():
                output.row(_without_nothing(row))
    except pyarrow.ArrowMemoryError as error:
        raise MemoryError from error
    except (pyarrow.ArrowException, OSError) as error:
        raise Unreadable(f"The parquet file cannot be read: {str(error).splitlines()[0][:200]}") from error


def _check(schema: Any) -> None:
    names = schema.names
    if len(names) > MAX_COLUMNS:
        raise Unreadable(f"The table has {len(names):,} columns; at most {MAX_COLUMNS:,} are taken.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"The table has two columns named “{twice[:80]}”.")
    for field in _fields(schema):
        if b"ARROW:extension:name" in (field.metadata or {}) or hasattr(field.type, "extension_name"):
            raise Unreadable(
                f"The column “{field.name[:80]}” has an extension type. Those are not opened; save it as a plain one."
            )


def _measure(table: Any, output: Output) -> None:
    """Count what the columns hold before any row is made of it, which is a hundred times slower."""
    size = 0
    for batch in table.iter_batches(batch_size=5 * ROWS, use_threads=False):
        size += sum(_plain(column).nbytes for column in batch.columns)
        if size > output.limit:
            raise TooMuch
        if output.half_time_is_over():
            return


def _plain(column: Any) -> Any:
    """A column of words that are stored once, as what it is when each stands in its row."""
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def _fields(parent: Any) -> Iterator[Any]:
    """Every field of a schema and of what is nested in it."""
    waiting = [parent.field(index) for index in range(len(parent.names))]
    while waiting:
        field = waiting.pop()
        yield field
        waiting += [field.type.field(index) for index in range(field.type.num_fields)]


def _without_nothing(value: Any) -> Any:
    """Fields of nested objects that are null do not stand in the row: a column of objects has all fields of all."""
    if isinstance(value, dict):
        return {name: _without_nothing(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nothing(inner) for inner in value]
    return value
