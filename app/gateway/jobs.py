"""The connection check: lists a provider's models, and keeps the provider's own words where that fails."""

import asyncio

from procrastinate import RetryStrategy
from sqlalchemy import update

from app.core.clock import utcnow
from app.core.db import transaction
from app.gateway import queries
from app.gateway.models import Provider
from app.jobs.queue import queue

CHECK_SECONDS = 20.0
MAX_MODELS = 1000


class EngineStarting(Exception):
    """The local engine does not listen yet: it takes a while to load. Asked again in a few seconds."""


@queue.task(name="gateway.check", retry=RetryStrategy(max_attempts=30, wait=3, retry_exceptions=[EngineStarting]))
async def check(provider_id: str) -> None:
    """Write ``check_status``, ``check_error`` and ``models`` of the provider."""
    from app.gateway.client import connection_to
    from app.gateway.failures import CallFailed
    from app.gateway.keys import UnreadableKey
    from app.gateway.listing import list_models

    with transaction() as session:
        provider = queries.by_id(session, provider_id)
        provider.check_status = "running"
    try:
        models = await list_models(connection_to(provider), CHECK_SECONDS, MAX_MODELS)
    except (CallFailed, UnreadableKey) as error:
        await asyncio.to_thread(_store, provider_id, check_status="failed", check_error=str(error))
        if provider.kind == "local_engine" and isinstance(error, CallFailed) and error.failure.kind == "unreachable":
            raise EngineStarting from error
        return
    await asyncio.to_thread(_store, provider_id, check_status="succeeded", check_error=None, models=models)


def _store(provider_id: str, **values: object) -> None:
    with transaction() as session:
        session.execute(update(Provider).where(Provider.id == provider_id).values(checked_at=utcnow(), **values))
