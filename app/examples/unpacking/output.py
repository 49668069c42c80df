"""Where a child writes what it unpacks: every byte is counted, and the time is watched."""

import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson


class TooMuch(Exception):
    """The file holds more than it may."""


class Enough(Exception):
    """The time for a first look is over; what has been written so far is of use."""


@dataclass
class Output:
    """``limit`` in bytes; ``deadline`` on the monotonic clock, or none."""

    file: BinaryIO
    limit: int
    deadline: float | None
    written: int = field(default=0, init=False)
    begun: float = field(default_factory=time.monotonic, init=False)

    def write(self, data: bytes) -> None:
        self.written += len(data)
        if self.written > self.limit:
            raise TooMuch
        self.file.write(data)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise Enough

    def half_time_is_over(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.begun + (self.deadline - self.begun) / 2

    def row(self, fields: Any) -> None:
        """One JSON line. Times become ISO 8601, decimals and anything else without a form in JSON become text."""
        self.write(orjson.dumps(fields, default=_as_text, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return f"({len(value):,} bytes that are no text)"
    return str(value)
