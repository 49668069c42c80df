"""Training on a Ray cluster, through Ray's own job API. Ray decides where and when; nothing here schedules machines.

The job's folder must lie on storage that the cluster's nodes see under the same path: the process reads its files
and the base there, and writes events, checkpoints and the model there, just as it does beside the engine.
"""

import shlex
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.engine.config import EngineConfig
from app.engine.jobs import JobStore
from app.engine.pause import PAUSE_FILE
from app.engine.ray_client import Away, Cluster, Seen
from app.engine.training import Left, Lost, Training, clear

POLL_SECONDS = 1.0
STOP = -signal.SIGTERM


class RayCluster:
    """Hands jobs over as they come: the cluster has a queue of its own."""

    slots, here = 64, False

    def __init__(self, config: EngineConfig, jobs: JobStore, cluster: Cluster) -> None:
        self.config, self.jobs, self.cluster = config, jobs, cluster

    def start(self, job_id: str, folder: Path) -> Training:
        return _Submitted(self.config, self.jobs, self.cluster, job_id, folder)


class _Submitted:
    """One submission, found again by its id: ``holdout-{job}-{attempt}``. Ray refuses a second of the same id, so
    that at most one process trains a job whatever crashes."""

    def __init__(self, config: EngineConfig, jobs: JobStore, cluster: Cluster, job_id: str, folder: Path) -> None:
        self.config, self.jobs, self.cluster, self.job_id, self.folder = config, jobs, cluster, job_id, folder
        self.id = f"holdout-{job_id}-{jobs.get(job_id).attempt}"
        self._left = threading.Event()
        self._heard = time.monotonic()

    def wait(self) -> int:
        try:
            while not self._left.is_set():
                ended = self._look()
                if ended is not None:
                    return ended
                self._left.wait(POLL_SECONDS)
            raise Left
        finally:
            if not self._left.is_set():
                self._notice(None)

    def _look(self) -> int | None:
        """The exit status, once it has ended. A cluster that does not answer is asked again, for a while."""
        try:
            found = self.cluster.find(self.id)
            if found is None:
                self._submit()
            elif self.jobs.get(self.job_id).status == "cancelled" and not found.ended:
                self.cluster.stop(self.id)
        except Away as error:
            silent = time.monotonic() - self._heard
            if silent > self.config.ray_patience:
                self.ask_to_stop()  # it may still be training there
                raise RuntimeError(f"{error} It was tried for {silent / 60:.0f} minutes.") from error
            self._notice(f"{error} Trying again; the job goes on there if the cluster does.")
            return None
        self._heard = time.monotonic()
        return self._read(found) if found else None

    def _submit(self) -> None:
        job = self.jobs.get(self.job_id)
        if job.status == "cancelled":
            raise Lost("It was cancelled before the cluster had it.")
        if job.handed_over:
            raise Lost(f"The Ray cluster at {self.cluster.address} no longer knows the job.")
        self.jobs.change(job.id, ("running", "paused", "queued"), handed_over=True)
        clear(self.folder)
        log = shlex.quote(str(self.folder / "train.log"))
        command = f"echo 'The output goes to {log}'; exec python -m app.engine.train {shlex.quote(str(self.folder))}"
        self.cluster.submit(
            self.id,
            f"{command} >> {log} 2>&1",
            program=_program,
            cpus=self.config.ray_cpus,
            gpus=1 if self.config.device == "cuda" else 0,
            metadata={"holdout_job": job.id} | (job.metadata or {}),
        )
        self.jobs.say(job.id, f"Submitted to the Ray cluster at {self.cluster.address} as {self.id}.")

    def _read(self, found: Seen) -> int | None:
        if not found.ended:
            waits = "The Ray cluster has not begun it: it waits there for a place, or its program is being copied."
            self._notice(waits if found.status == "PENDING" else None)
            return None
        if found.status == "SUCCEEDED":
            return 0
        if found.status == "STOPPED":
            if self.jobs.get(self.job_id).status != "cancelled":
                raise Lost("It was stopped at the Ray cluster.")
            return STOP
        if found.exit_code is not None:
            return found.exit_code
        if not (self.folder / "train.log").exists():
            raise RuntimeError(f"The Ray cluster could not start it. {found.message}"[:2_000])
        raise Lost(f"The Ray cluster lost the process. {found.message}"[:500])

    def _notice(self, said: str | None) -> None:
        """What is in the way, on the job's record; written only where it changes."""
        if self.jobs.get(self.job_id).notice != said:
            self.jobs.change(self.job_id, ("running", "paused", "queued", "cancelled", "failed"), notice=said)

    def pause(self) -> None:
        self.ask_to_stop()

    def ask_to_stop(self) -> None:
        """By a file in the folder: it also reaches a process whose cluster cannot be asked."""
        (self.folder / PAUSE_FILE).touch()

    def end(self) -> None:
        """Told at once where the cluster answers, else as soon as it does."""
        self.ask_to_stop()
        try:
            self.cluster.stop(self.id)
        except Away:
            return

    def engine_ends(self, grace: float) -> None:
        self._left.set()


def _program(use: Callable[[str], Any]) -> Any:
    """Call ``use`` with a folder that holds just the engine, so that the nodes run the very same script."""
    package = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "app"
        there.mkdir()
        shutil.copy(package / "__init__.py", there)
        shutil.copytree(package / "engine", there / "engine", ignore=shutil.ignore_patterns("__pycache__"))
        return use(folder)
