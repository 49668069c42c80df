"""``GET /models`` of a provider."""

import asyncio
from typing import Any

import httpx2
import orjson

from app.gateway.answers import storable
from app.gateway.chat import failure_of
from app.gateway.client import Connection, open_client
from app.gateway.failures import CallFailed, Failure


async def list_models(connection: Connection, seconds: float, limit: int) -> list[dict[str, Any]]:
    """``[{"id", "kind"}]`` in order of id, and ``shutdown_date`` where the provider gives one; ``kind`` is the local
    engine's (base, adapter, …) or None.

    Raises CallFailed with the provider's own words.
    """
    try:
        async with asyncio.timeout(seconds), open_client(connection, connections=1, seconds=seconds) as client:
            response = await client.get("/models", cast_to=httpx2.Response)
            return _read(response.content)[:limit]
    except CallFailed:
        raise
    except Exception as error:
        raise CallFailed(failure_of(error, connection, seconds)) from error


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        data = orjson.loads(body)["data"]
        found = {storable(str(row["id"]))[:300]: row for row in data}
        return [_model(name, row) for name, row in sorted(found.items())]
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError) as error:
        message = "This address answers, but not with a list of models: does it end in /v1?"
        raise CallFailed(Failure("unreadable", message)) from error


def _model(name: str, row: dict[str, Any]) -> dict[str, Any]:
    kind, ends = row.get("kind"), row.get("shutdown_date")
    found = {"id": name, "kind": kind if isinstance(kind, str) else None}
    return found | ({"shutdown_date": storable(ends)[:40]} if isinstance(ends, str) and ends else {})
