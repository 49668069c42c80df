"""Vectors of texts from a provider's ``/embeddings``, in OpenAI's shape. Trusts nothing in what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from app.gateway.answers import read_object, start_of, tokens_of
from app.gateway.failures import Failure

if TYPE_CHECKING:
    from app.gateway.client import Connection, Http

MOST_DIMENSIONS = 8_192


@dataclass(frozen=True)
class Vectors:
    """One row of floats for each text, in their order, all of one length; ``tokens``: what was billed."""

    rows: list[list[float]]
    tokens: int | None


async def embed(
    http: Http, connection: Connection, model: str, texts: Sequence[str], call_id: str, seconds: float
) -> Vectors | Failure:
    """POST ``/embeddings`` once, within ``seconds`` from first byte to last."""
    from app.gateway.chat import post  # the client of providers is loaded where it is used

    body = {"model": model, "input": list(texts), "encoding_format": "float"}
    found = await post(http, connection, "/embeddings", body, call_id, seconds)
    return read_vectors(found, len(texts)) if isinstance(found, bytes) else found


def read_vectors(body: bytes, count: int) -> Vectors | Failure:
    """The body of a 2xx answer that should hold ``count`` vectors."""
    data = read_object(body)
    if isinstance(data, Failure):
        return data
    rows = _rows(data.get("data"), count)
    if rows is None:
        return Failure("unreadable", f"The provider's JSON holds no {count} vectors of one length: {start_of(body)}")
    usage = data.get("usage")
    return Vectors(rows, tokens_of(usage.get("prompt_tokens")) if isinstance(usage, dict) else None)


def _rows(data: Any, count: int) -> list[list[float]] | None:
    """By ``index``, which says what a vector belongs to; None where one is missing, odd or nothing but zeros."""
    if not isinstance(data, list) or len(data) != count:
        return None
    found: dict[int, list[float]] = {}
    for place, entry in enumerate(data):
        index = entry.get("index", place) if isinstance(entry, dict) else None
        row = entry.get("embedding") if isinstance(entry, dict) else None
        if isinstance(index, int) and isinstance(row, list) and all(_is_number(value) for value in row) and any(row):
            found[index] = [float(value) for value in row]
    lengths = {len(row) for row in found.values()}
    if set(found) != set(range(count)) or len(lengths) != 1 or not 0 < lengths.pop() <= MOST_DIMENSIONS:
        return None
    return [found[place] for place in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
