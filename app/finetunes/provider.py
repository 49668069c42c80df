"""Files and fine-tuning jobs at one provider, in its dialect: each call once, its answer checked, or a CallFailed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, BinaryIO
from urllib.parse import quote

import httpx2

from app.finetunes import answers
from app.finetunes.answers import JobCheckpoint, JobEvent, JobState
from app.finetunes.dialects import Dialect
from app.finetunes.rules import Marks
from app.gateway.answers import storable
from app.gateway.chat import failure_of
from app.gateway.client import CALL_HEADER, Connection, open_client
from app.gateway.failures import CallFailed, Failure

CALL_SECONDS = 30.0
CREATE_SECONDS = 60.0
SLOWEST_UPLOAD = 50_000  # bytes a second
FILE_SECONDS = 300.0  # how long a provider may take a file in
FILE_PAUSE = 2.0
PAGE, MAX_PAGES = 100, 50
OUTPUT = 20_000  # characters of the process's output that are kept
CLOCKS_APART = timedelta(days=1)


class TuningApi:
    """One provider. ``client`` is the gateway's."""

    def __init__(self, client: Any, connection: Connection, dialect: Dialect) -> None:
        self.client, self.connection, self.dialect = client, connection, dialect

    async def upload(self, file: BinaryIO, name: str, size: int) -> str:
        """Send the training file; answers its id there."""
        seconds = CREATE_SECONDS + size / SLOWEST_UPLOAD
        files = [("file", (name, file, "application/jsonl"))]
        form = {"headers": {"Content-Type": "multipart/form-data"}}
        body = {"purpose": "fine-tune"} | ({"file_name": name} if self.dialect.names_file else {})
        file_id = answers.read_id(await self._post(self.dialect.upload, seconds, body=body, files=files, options=form))
        if self.dialect.waits_for_file:
            await self._taken_in(file_id)
        return file_id

    async def _taken_in(self, file_id: str) -> None:
        """Wait until the provider has looked through the file. Raises CallFailed with its reason where it refuses."""
        until = monotonic() + FILE_SECONDS
        while True:
            found = answers.read_object(await self._get(f"/files/{quote(file_id, safe='')}"))
            if found.get("status") in ("error", "failed", "deleted"):
                why = answers.text(found.get("status_details")) or "no reason was given"
                raise CallFailed(Failure("rejected", f"The provider did not take the training file in: {why}"))
            if found.get("status") not in ("pending", "uploaded", "running", "notRunning") or monotonic() >= until:
                return
            await asyncio.sleep(FILE_PAUSE)

    async def find_file(self, name: str, size: int) -> str | None:
        """The id of a file of ours that is there already."""
        async for item in self._items("/files"):
            if item.get("filename") == name and item.get("bytes") in (size, None):
                return answers.text(item.get("id"))
        return None

    async def create(self, body: dict[str, Any], call_id: str, token: str) -> JobState:
        """Make the job. ``token`` is also the idempotency key, for providers that honour one."""
        headers = {CALL_HEADER: call_id, "Idempotency-Key": token}
        made = await self._post(self.dialect.jobs, CREATE_SECONDS, body=body, options={"headers": headers})
        return self._read(made)

    def _read(self, body: bytes) -> JobState:
        return answers.read_job(answers.read_object(body), self.dialect)

    async def find_job(self, marks: Marks, since: datetime) -> JobState | None:
        """Our job among the provider's, the oldest one that still counts if there should be several."""
        found: list[JobState] = []
        async for item in self._items(self.dialect.jobs):
            job = answers.read_job(item, self.dialect)
            if marks.fit(metadata=job.metadata, suffix=job.suffix, training_file=job.training_file):
                found.append(job)
            if job.created_at and job.created_at < since - CLOCKS_APART:
                break
        found.sort(key=lambda job: (job.standing in ("failed", "cancelled"), job.created_at or since))
        return found[0] if found else None

    async def job(self, job_id: str) -> JobState:
        return self._read(await self._get(self._path(job_id)))

    async def cancel(self, job_id: str) -> None:
        await self._post(self._path(job_id, "cancel"))

    async def pause(self, job_id: str) -> None:
        await self._post(self._path(job_id, "pause"))

    async def resume(self, job_id: str) -> None:
        await self._post(self._path(job_id, "resume"))

    async def events(self, job_id: str, known: Collection[str]) -> list[JobEvent]:
        """Events that are not known yet, oldest first. Providers list the newest first."""
        found: dict[str, JobEvent] = {}
        async for item in self._items(self._path(job_id, "events")):
            event = answers.read_event(item, self.dialect)
            if event.id in known:
                break
            found[event.id] = event
        return list(found.values())[::-1]

    async def checkpoints(self, job_id: str) -> list[JobCheckpoint]:
        if not self.dialect.has_checkpoints:
            return []
        body = await self._get(self._path(job_id, "checkpoints"), {"limit": PAGE})
        return [found for found in map(answers.read_checkpoint, answers.read_page(body)[0]) if found]

    async def output(self, job_id: str) -> str:
        """The end of what the training process printed; empty where the provider does not tell."""
        if not self.dialect.has_output:
            return ""
        return storable((await self._get(self._path(job_id, "log"))).decode(errors="replace"))[-OUTPUT:]

    async def _items(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The items of a list, page by page, as far as they are looked at."""
        query: dict[str, Any] = {"limit": PAGE}
        for _page in range(MAX_PAGES):
            items, more = answers.read_page(await self._get(path, query))
            for item in items:
                yield item
            last = answers.text(items[-1].get("id")) if items else None
            if not more or last is None or last == query.get("after"):
                return
            query["after"] = last

    def _path(self, job_id: str, *more: str) -> str:
        """An id comes from the provider: it is one segment of the path, whatever stands in it."""
        return "/".join((self.dialect.jobs, quote(job_id, safe=""), *more))

    async def _get(self, path: str, query: dict[str, Any] | None = None) -> bytes:
        options = {"params": query or {}}
        return await self._send(self.client.get(path, cast_to=httpx2.Response, options=options), CALL_SECONDS)

    async def _post(self, path: str, seconds: float = CALL_SECONDS, **parts: Any) -> bytes:
        return await self._send(self.client.post(path, cast_to=httpx2.Response, **parts), seconds)

    async def _send(self, call: Awaitable[Any], seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return bytes((await call).content)
        except Exception as error:
            raise CallFailed(failure_of(error, self.connection, seconds)) from error


@asynccontextmanager
async def tuning_api(connection: Connection, dialect: Dialect) -> AsyncIterator[TuningApi]:
    async with open_client(connection, connections=2, seconds=CREATE_SECONDS) as client:
        yield TuningApi(client, connection, dialect)
