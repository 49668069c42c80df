"""A provider of files and fine-tuning jobs, on loopback, that keeps a journal and fails on demand.

Jobs learn by themselves: each look at a job's status takes it a step further, so that no test waits. ``faults`` says,
by "METHOD path ending", which faults come one after the other: a status ("500"), "lost" (the work is done and the
connection breaks before the answer), "hang" (the work is done and no answer comes), "refuse" (nothing is done and the
connection breaks).
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

_numbers = count(1)
QUEUE = ["validating_files", "queued", "running"]
ENDED = ("succeeded", "completed", "failed", "cancelled", "canceled", "error")


@dataclass
class Script:
    faults: dict[str, list[str]] = field(default_factory=dict)
    steps: int = 4
    ends: str = "succeeded"
    statuses: list[str] = field(default_factory=lambda: list(QUEUE))
    with_metadata: bool = True  # some providers keep none
    lists_after: float = 0.0  # seconds until a new job stands in the list


class Tuning:
    def __init__(self, script: Script) -> None:
        self.script, self.port = script, 0
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.journal: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def count(self, request: str) -> int:
        return sum(line == request for line in self.journal)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self.play])
        app.router.add_post("/v1/files", self.upload)
        app.router.add_get("/v1/files", self.list_files)
        app.router.add_post("/v1/fine_tuning/jobs", self.create)
        app.router.add_get("/v1/fine_tuning/jobs", self.list_jobs)
        app.router.add_get("/v1/fine_tuning/jobs/{id}", self.retrieve)
        app.router.add_post("/v1/fine_tuning/jobs/{id}/cancel", self.cancel)
        app.router.add_get("/v1/fine_tuning/jobs/{id}/events", self.events)
        app.router.add_get("/v1/fine_tuning/jobs/{id}/checkpoints", self.checkpoints)
        return app

    @web.middleware
    async def play(self, request: web.Request, handler: Any) -> web.StreamResponse:
        line = f"{request.method} {request.path.removeprefix('/v1')}"
        self.journal.append(line)
        fault = next((faults.pop(0) for end, faults in self.script.faults.items() if line == end and faults), "ok")
        if fault.isdigit():
            return web.json_response({"error": {"message": f"scripted {fault}"}}, status=int(fault))
        response: web.StreamResponse = web.Response() if fault == "refuse" else await handler(request)
        if fault in ("lost", "refuse"):
            assert request.transport is not None
            request.transport.abort()
        if fault == "hang":
            await asyncio.sleep(3600)
        return response

    async def upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        content = file.file.read()
        found = {"id": f"file-{next(_numbers)}", "object": "file", "bytes": len(content), "filename": file.filename}
        self.files[found["id"]], self.contents[found["id"]] = found | {"purpose": form["purpose"]}, content
        return web.json_response(self.files[found["id"]])

    async def list_files(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "list", "data": list(self.files.values())[::-1], "has_more": False})

    async def create(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Idempotency-Key"))
        made = {
            "id": f"ftjob-{next(_numbers)}",
            "object": "fine_tuning.job",
            "created_at": 2_000_000_000 + len(self.jobs),
            "status": self.script.statuses[0],
            "model": body["model"],
            "training_file": body["training_file"],
            "fine_tuned_model": None,
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 2.0},
            "looks": 0,
            "listed_at": asyncio.get_running_loop().time() + self.script.lists_after,
        }
        if self.script.with_metadata:
            made |= {"metadata": body.get("metadata"), "user_provided_suffix": body["suffix"]}
        self.jobs[made["id"]] = made
        return web.json_response(self.public(made))

    async def list_jobs(self, request: web.Request) -> web.StreamResponse:
        now = asyncio.get_running_loop().time()
        jobs = [self.public(job) for job in self.jobs.values() if job["listed_at"] <= now]
        return web.json_response({"object": "list", "data": jobs[::-1], "has_more": False})

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return web.json_response({"error": {"message": "no such job"}}, status=404)
        if job["status"] not in ENDED:
            self._learn(job)
        return web.json_response(self.public(job))

    def _learn(self, job: dict[str, Any]) -> None:
        job["looks"] += 1
        statuses, looks = self.script.statuses, job["looks"]
        job["status"] = statuses[min(looks, len(statuses) - 1)]
        if looks >= len(statuses) + self.script.steps - 1:
            job["status"] = self.script.ends
        if job["status"] in ("succeeded", "completed"):
            job |= {"fine_tuned_model": f"ft:{job['model']}:{job['id']}", "trained_tokens": 4200}
        if job["status"] == "failed":
            job["error"] = {"code": "bad_rows", "message": "line 2 is too long", "param": "training_file"}

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs[request.match_info["id"]]
        if job["status"] in ("succeeded", "completed"):
            return web.json_response({"error": {"message": "it has ended"}}, status=400)
        job["status"] = "cancelled"
        return web.json_response(self.public(job))

    async def events(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs[request.match_info["id"]]
        reached = max(0, min(self.script.steps, job["looks"] - len(self.script.statuses) + 1))
        found = [self._event(job, step) for step in range(1, reached + 1)]
        after, limit = request.query.get("after"), int(request.query.get("limit", 20))
        newest = found[::-1]
        start = next((i + 1 for i, event in enumerate(newest) if event.get("id") == after), 0)
        data = newest[start : start + limit]
        return web.json_response({"object": "list", "data": data, "has_more": start + limit < len(newest)})

    def _event(self, job: dict[str, Any], step: int) -> dict[str, Any]:
        data = {"step": step, "total_steps": self.script.steps, "train_loss": 3.0 / step}
        return {
            "id": f"{job['id']}-{step}",
            "created_at": 2_000_000_000 + step,
            "level": "info",
            "message": f"Step {step}/{self.script.steps}: training loss={3.0 / step:.2f}",
            "type": "metrics",
            "data": data,
        }

    def public(self, job: dict[str, Any]) -> dict[str, Any]:
        """A job as the provider shows it."""
        return {key: value for key, value in job.items() if key not in ("looks", "listed_at")}

    async def checkpoints(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs[request.match_info["id"]]
        model = f"ft:{job['model']}:{job['id']}:ckpt-1"
        one = {"id": f"ftckpt-{job['id']}", "step_number": 1, "fine_tuned_model_checkpoint": model, "metrics": {}}
        return web.json_response({"object": "list", "data": [one], "has_more": False})


@contextmanager
def running(script: Script | None = None, speaks: type[Tuning] = Tuning) -> Iterator[Tuning]:
    """The double in a thread of this process. ``speaks``: a provider with a dialect of its own."""
    double = speaks(script or Script())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = web.AppRunner(double.app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.port = runner.addresses[0][1]

    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield double
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
