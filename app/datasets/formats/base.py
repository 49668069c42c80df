"""What every export format answers. Pure: records in, bytes out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a dataset version with everything that was frozen of it. ``number`` is the example's."""

    number: int
    messages: list[dict[str, Any]]
    tools: list[Any] | None = None
    non_preferred: list[dict[str, Any]] | None = None
    expected: dict[str, Any] | None = None
    behavior: str | None = None
    tags: tuple[str, ...] = ()
    group: str | None = None
    source: str | None = None
    extra: dict[str, Any] | None = None


def record_line(record: Record) -> bytes:
    """Everything that is frozen of a row, in canonical JSON. The example's number is not part of it."""
    values = {field.name: getattr(record, field.name) for field in fields(record) if field.name != "number"}
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


class CannotHold(ValueError):
    """The format has no place for something in this record. ``str(error)`` says for what."""


Write = Callable[[Iterable[Record], bool], Iterator[bytes]]
Check = Callable[[Record, bool], Any]


@dataclass(frozen=True)
class Writer:
    """One export format.

    ``write(records, paired)`` yields the file's bytes; ``paired``: every record has an answer that was not preferred,
    and the format's form for preferences is wanted. ``check(record, paired)`` raises CannotHold where the record
    does not fit; None: everything fits. ``holds`` and ``limits`` say in a line what it carries and what it cannot.
    """

    name: str
    label: str
    suffix: str
    media_type: str
    write: Write
    holds: str
    limits: str = ""
    check: Check | None = None
    pairs_only: bool = False


Line = Callable[[Record, bool], dict[str, Any]]


def json_lines(line: Line) -> Write:
    """A writer of JSON lines: one object a record, in the order of its fields."""

    def write(records: Iterable[Record], paired: bool) -> Iterator[bytes]:
        return (orjson.dumps(line(record, paired), option=orjson.OPT_APPEND_NEWLINE) for record in records)

    return write
