"""A provider of chat completions that keeps a journal of every request and fails on demand.

A real HTTP server on loopback. The script says, for requests whose last message contains a text, which faults
come one after the other (then answers). Each request is written to the journal, and fsynced, before anything is
answered: what stands there is what a provider would have billed.

As a program: ``python -m tests.doubles.provider --journal FILE [--script FILE] [--latency 0.05]`` prints its port.
"""

import argparse
import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.doubles import faults, judge, vectors


@dataclass
class Script:
    """``faults``: text in the last message → faults in order; ``answers``: text → what the model says."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    models: list[str] = field(default_factory=lambda: ["small", "large"])
    latency: float = 0.0
    default: str | None = None  # what it says otherwise; None: an echo of the last message
    judges: dict[str, str] = field(default_factory=dict)  # name of a model → the kind of judge that it is
    means: dict[str, str] = field(default_factory=dict)  # word → another one that it has one vector with

    def answer(self, text: str) -> str:
        found = next((said for part, said in self.answers.items() if part in text), self.default)
        return f"echo: {text}" if found is None else found


class Double:
    def __init__(self, script: Script, journal: Path | None = None) -> None:
        self.script, self.port = script, 0
        self.requests: list[dict[str, Any]] = []
        self.met: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self._journal = os.open(journal, os.O_CREAT | os.O_WRONLY | os.O_APPEND) if journal else None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def app(self) -> web.Application:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/embeddings", self.embeddings)
        app.router.add_route("*", "/{rest:.*}", self.elsewhere)
        return app

    async def start(self) -> web.AppRunner:
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    def note(self, request: web.Request, fault: str, streamed: bool = False) -> None:
        entry = {
            "call": request.headers.get("X-Holdout-Call"),
            "path": request.path,
            "fault": fault,
            "headers": {name.lower(): value for name, value in request.headers.items()},
        }
        self.requests.append(entry)
        if self._journal is not None:
            line = {name: entry[name] for name in ("call", "path", "fault")}
            line["usage"] = faults.told_usage(fault, streamed)
            os.write(self._journal, json.dumps(line).encode() + b"\n")
            os.fsync(self._journal)

    async def models(self, request: web.Request) -> web.StreamResponse:
        fault = self._next_fault("/models")
        self.note(request, fault)
        if fault != "ok":
            return await faults.play(fault, request, "models", {})
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "double"} for name in self.script.models]
        return web.json_response({"object": "list", "data": data})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        content = body["messages"][-1]["content"]
        fault = self._next_fault(content)
        self.note(request, fault, bool(body.get("stream")))
        self.requests[-1]["body"] = body
        kind = self.script.judges.get(body["model"])
        text = judge.answer(kind, body) if kind else self.script.answer(content)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.script.latency:
                await asyncio.sleep(self.script.latency)
            return await faults.play(fault, request, text, body)
        finally:
            self.in_flight -= 1

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        fault = self._next_fault("\n".join(body["input"]))
        self.note(request, fault)
        self.requests[-1]["body"] = body
        if fault != "ok":
            return await faults.play(fault, request, "vectors", body)
        return web.json_response(vectors.answer(body, self.script.means))

    async def elsewhere(self, request: web.Request) -> web.StreamResponse:
        self.note(request, "elsewhere")
        return web.json_response({"error": {"message": "no such path"}}, status=404)

    def _next_fault(self, text: str) -> str:
        for part, series in self.script.faults.items():
            if part in text:
                self.met[part] += 1
                return series[self.met[part] - 1] if self.met[part] <= len(series) else "ok"
        return "ok"


@contextmanager
def running(script: Script | None = None, journal: Path | None = None) -> Iterator[Double]:
    """The double in a thread of this process, for tests."""
    double = Double(script or Script(), journal)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(double.start(), loop).result(10)
    try:
        yield double
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(runner: web.AppRunner) -> None:
    await runner.cleanup()


def main() -> None:
    import uvloop

    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--script", type=Path, help="JSON with the fields of Script")
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    script = Script(**json.loads(options.script.read_text())) if options.script else Script()
    script.latency = options.latency or script.latency
    double = Double(script, options.journal)
    double.port = options.port

    async def serve() -> None:
        await double.start()
        print(double.port, flush=True)
        await asyncio.Event().wait()

    uvloop.run(serve())


if __name__ == "__main__":
    main()
