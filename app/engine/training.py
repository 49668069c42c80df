"""Where a job's training process runs: as a child of the engine, or as a job of a Ray cluster."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Protocol

from app.engine import child


class Left(Exception):
    """The engine ends and the process goes on without it: the next engine follows it."""


class Lost(Exception):
    """The process is gone, and not by its own doing: the job may be tried again from its last checkpoint."""


class Training(Protocol):
    """One process that trains a job."""

    def wait(self) -> int:
        """Its exit status, as ``subprocess`` counts it. Raises Left or Lost."""

    def pause(self) -> None:
        """Ask it to stop after the step in hand, with a checkpoint."""

    def end(self) -> None:
        """End it now: the job was cancelled."""

    def engine_ends(self, grace: float) -> None:
        """Leave nothing behind that only this engine could follow."""


class Place(Protocol):
    """Starts trainings. ``slots`` may run at a time; ``here``: they share the machine with serving."""

    slots: int
    here: bool

    def start(self, job_id: str, folder: Path) -> Training:
        """Start the process of a job whose ``spec.json`` is written, or take up one that is under way."""


def clear(folder: Path) -> None:
    """Take away what an earlier process of the job left as its last word."""
    for name in ("failure.json", "result.json"):
        (folder / name).unlink(missing_ok=True)


class ThisMachine:
    """One at a time, as a child that dies with the engine."""

    slots, here = 1, True

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def start(self, job_id: str, folder: Path) -> Training:
        clear(folder)
        with (folder / "train.log").open("ab") as log:
            return _Child(child.start("app.engine.train", str(folder), stdout=log, stderr=log, threads=self.threads))


class _Child:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def wait(self) -> int:
        return self.process.wait()

    def pause(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGUSR1)

    def end(self) -> None:
        child.kill_group(self.process, grace=2.0)

    def engine_ends(self, grace: float) -> None:
        self.pause()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        child.kill_group(self.process, grace=0.5)
