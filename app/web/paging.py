"""Keyset pages: a cursor says where the last page ended, so that page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from app.core.errors import Invalid

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True)
class Slice(Generic[T]):
    """One page of rows; ``next_cursor`` is None on the last one."""

    items: Sequence[T]
    next_cursor: str | None = field(default=None)


class ListAnswer(BaseModel, Generic[T]):
    """How every list of the API answers."""

    items: list[T]
    next_cursor: str | None = None


def encode_cursor(*position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, length: int = 1) -> list[Any] | None:
    """The values that ``encode_cursor`` took, or None for the first page. Raises Invalid for anything else."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.") from error
    if not isinstance(values, list) or len(values) != length or not all(isinstance(v, str | int) for v in values):
        raise Invalid.field("cursor", "This cursor is not one of ours: start from the first page.")
    return values


def cut(rows: Sequence[T], limit: int, position: Callable[[T], tuple[Any, ...]]) -> Slice[T]:
    """Make a page of ``limit`` rows from a query that asked for ``limit + 1``."""
    if len(rows) <= limit:
        return Slice(rows)
    kept = rows[:limit]
    return Slice(kept, encode_cursor(*position(kept[-1])))
