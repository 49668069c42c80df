"""A POST with an ``Idempotency-Key`` that was seen answers the first answer (interfaces.md §2)."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from starlette.concurrency import run_in_threadpool

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.web.models import SeenRequest

SECRETS = ("/tokens", "/verdict-links", "/invitations")  # whose answers hold one
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class IdempotentRoute(APIRoute):
    """Route class of the API: remembers answers by caller and key, refuses the same key for another request."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def wrapped(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if request.method != "POST" or not key or request.url.path.endswith(SECRETS):  # not kept
                return await handle(request)
            if len(key) > 200:
                raise Invalid.field("Idempotency-Key", "At most 200 characters.")
            key_hash, request_hash = await _hashes(request, key)
            seen = await run_in_threadpool(_claim, key_hash, request_hash)
            if seen is not None:
                return seen
            try:
                response = await handle(request)
            except BaseException:
                await run_in_threadpool(_forget, key_hash)
                raise
            await run_in_threadpool(_remember, key_hash, response)
            return response

        return wrapped


async def _hashes(request: Request, key: str) -> tuple[bytes, bytes]:
    caller = request.headers.get("authorization", "")
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}".encode())
    if request.headers.get("content-type", "").startswith("multipart/"):
        digest.update(request.headers.get("content-length", "").encode())  # a file may be too large to hold
    else:
        digest.update(await request.body())
    return hashlib.sha256(f"{caller}\n{key}".encode()).digest(), digest.digest()


def _claim(key_hash: bytes, request_hash: bytes) -> Response | None:
    """None when the request is new (and now claimed), else the first answer."""
    with transaction() as session:
        claim = insert(SeenRequest).values(key_hash=key_hash, request_hash=request_hash).on_conflict_do_nothing()
        if session.execute(claim.returning(SeenRequest.key_hash)).first():
            return None
        seen = session.get(SeenRequest, key_hash)
    if seen is None or seen.status is None:
        raise Conflict("The first request with this Idempotency-Key is still under way.")
    if seen.request_hash != request_hash:
        raise Invalid.field("Idempotency-Key", "This key was used for another request.")
    return Response(seen.body, seen.status, media_type="application/json" if seen.body else None)


def _forget(key_hash: bytes) -> None:
    with transaction() as session:
        session.execute(delete(SeenRequest).where(SeenRequest.key_hash == key_hash))


def _remember(key_hash: bytes, response: Response) -> None:
    with transaction() as session:
        session.execute(
            update(SeenRequest)
            .where(SeenRequest.key_hash == key_hash)
            .values(status=response.status_code, body=bytes(response.body))
        )


def api_router(tag: str) -> APIRouter:
    """The router of a stage's ``api.py``: its paths come under ``/api/v1``, its POSTs honour Idempotency-Key."""
    return APIRouter(tags=[tag], route_class=IdempotentRoute)
