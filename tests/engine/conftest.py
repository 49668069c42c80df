"""A real engine in a process of its own, with the tiny random model, driven by the stock client."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from openai import APIConnectionError, OpenAI

TINY = "tiny-random-llama"
ROOT = Path(__file__).parents[2]


class Engine:
    """One engine process on a free port; it can be killed and started again on the same home."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home, self.environment = home, environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = OpenAI(base_url=f"{self.url}/v1", api_key="any", max_retries=0, timeout=60)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start and wait until it answers; the seconds that took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.engine", "--home", str(self.home), "--port", str(self.port), "--device", "cpu"],
            cwd=ROOT,
            env=os.environ | {"HOLDOUT_ENGINE_PREPARE": "0"} | self.environment,
        )
        while True:
            assert self.process.poll() is None, "the engine ended"
            with suppress(APIConnectionError):
                self.client.models.list()
                return time.monotonic() - began
            assert time.monotonic() - began < 30
            time.sleep(0.05)

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)
            self.process.wait(20)

    def trainer(self) -> psutil.Process:
        """The process that trains the job that is running now."""
        assert self.process is not None
        return wait_for(lambda: next(iter(psutil.Process(self.process.pid).children()), None))

    def upload(self, body: bytes | list[dict[str, Any]]) -> str:
        data = body if isinstance(body, bytes) else b"\n".join(json.dumps(row).encode() for row in body)
        return self.client.files.create(file=("rows.jsonl", data), purpose="fine-tune").id

    def launch(
        self, rows: bytes | list[dict[str, Any]], epochs: int = 2, method: str = "supervised", **fields: Any
    ) -> str:
        """Create a job; answers its id."""
        job = self.client.fine_tuning.jobs.create(
            model=TINY,
            training_file=self.upload(rows),
            method={"type": method, method: {"hyperparameters": {"n_epochs": epochs}}},
            seed=1,
            **fields,
        )
        return job.id

    def wait(self, job: str, *statuses: str, seconds: float = 60) -> Any:
        """The job, once it has one of these statuses; fails at once when it ends in another."""
        ends = {*statuses, "succeeded", "failed", "cancelled"}

        def ended() -> Any:
            found = self.client.fine_tuning.jobs.retrieve(job)
            return found if found.status in ends else None

        found = wait_for(ended, seconds)
        assert found.status in statuses, found.error
        return found

    def events(self, job: str) -> list[Any]:
        """All events, oldest first."""
        return list(self.client.fine_tuning.jobs.list_events(job, limit=100))[::-1]

    def wait_for_step(self, job: str, step: int) -> None:
        wait_for(lambda: any(e.type == "metrics" and e.data["step"] >= step for e in self.events(job)))


def wait_for(found: Any, seconds: float = 60) -> Any:
    """The first true answer of ``found``."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return answer


def chat_row(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


ROWS = [chat_row(f"question {number}", "yes") for number in range(24)]


def pair_row(question: str, preferred: str, other: str) -> dict[str, Any]:
    return {
        "input": {"messages": [{"role": "user", "content": question}]},
        "preferred_output": [{"role": "assistant", "content": preferred}],
        "non_preferred_output": [{"role": "assistant", "content": other}],
    }


PAIRS = [pair_row(f"question {number}", "yes", "no") for number in range(24)]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the tests that do not end it."""
    pytest.importorskip("torch")
    pytest.importorskip("trl")
    running = Engine(tmp_path_factory.mktemp("engine"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def tuned(engine: Engine) -> Any:
    """A job that succeeded, with validation and a launch token."""
    job = engine.launch(
        ROWS,
        suffix="desk-v1",
        metadata={"launch": "token-1"},
        validation_file=engine.upload(ROWS[:4]),
        extra_body={"adapter": {"type": "lora", "r": 4, "learning_rate": 0.02}},
    )
    return engine.wait(job, "succeeded")
