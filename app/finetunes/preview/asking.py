"""The worker's part of a preview: one question to the local engine. It costs nothing and may be asked twice."""

import asyncio
from typing import Any

import httpx2
import orjson
from sqlalchemy import update

from app.core.clock import utcnow
from app.core.db import transaction
from app.core.errors import HoldoutError
from app.datasets.models import DatasetVersion
from app.finetunes.answers import read_object
from app.finetunes.material import service as materials
from app.finetunes.material.service import Material
from app.finetunes.preview import rules
from app.finetunes.preview.models import LaunchPreview
from app.gateway.chat import failure_of
from app.gateway.client import Connection, connection_to, open_client
from app.gateway.failures import CallFailed
from app.gateway.keys import UnreadableKey
from app.gateway.queries import usable

SECONDS = 120.0
MAX_ROWS, MAX_BYTES = 5_000, 12 * 1024 * 1024  # of what one question may carry
OPEN = ("queued", "running")


async def run_preview(preview_id: str) -> None:
    try:
        asked = await asyncio.to_thread(_take, preview_id)
        if asked is None:
            return
        connection, body = asked
        answer = await _ask(connection, body)
    except (HoldoutError, UnreadableKey, CallFailed) as error:
        await asyncio.to_thread(_store, preview_id, status="failed", error=str(error))
        return
    await asyncio.to_thread(_store, preview_id, status="succeeded", result=rules.kept(answer))


def _take(preview_id: str) -> tuple[Connection, dict[str, Any]] | None:
    with transaction() as session:
        row = session.get(LaunchPreview, preview_id, with_for_update=True)
        if row is None or row.status not in OPEN:
            return None
        row.status = "running"
        material = Material(session.get_one(DatasetVersion, row.dataset_version_id), row.objective)
        rows: list[Any] = []
        size = 0
        for line in materials.training(session, material):
            size += len(line)
            if len(rows) == MAX_ROWS or size > MAX_BYTES:
                break
            rows.append(orjson.loads(line))
        body = {"model": row.base_model, "method": {"type": row.objective}, "rows": rows, "show": rules.SHOWN}
        return connection_to(usable(session, row.provider_id)), body


async def _ask(connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
    """Raises CallFailed with the engine's own words."""
    try:
        async with asyncio.timeout(SECONDS), open_client(connection, connections=1, seconds=SECONDS) as client:
            response = await client.post("/fine_tuning/preview", cast_to=httpx2.Response, body=body)
            return read_object(response.content)
    except CallFailed:
        raise
    except Exception as error:
        raise CallFailed(failure_of(error, connection, SECONDS)) from error


def _store(preview_id: str, **values: object) -> None:
    change = update(LaunchPreview).where(LaunchPreview.id == preview_id, LaunchPreview.status.in_(OPEN))
    with transaction() as session:
        session.execute(change.values(finished_at=utcnow(), **values))
