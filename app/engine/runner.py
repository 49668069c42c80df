"""Runs training jobs, each in a process of its own: one after another here, or on a Ray cluster as it has room.

One thread takes jobs from the queue, and one for each starts its process and decides how it ended; requests (cancel,
pause) come from other threads. The rules that keep them apart: every status change names the statuses it may start
from, and a job that was cancelled stays cancelled whatever its process still does.
"""

import shutil
import signal
import threading
from pathlib import Path

from app.engine.bases import Bases
from app.engine.config import EngineConfig
from app.engine.files import FileStore
from app.engine.job import ENDED, Job
from app.engine.jobs import JobStore
from app.engine.outcome import Outcome, failure, forget_resume_state, write_step_metrics
from app.engine.pause import PAUSE_FILE, PAUSED
from app.engine.storage import now, write_json
from app.engine.training import Left, Lost, Place, Training
from app.engine.tuned import TunedModels

#: An engine that was ended under a job this many times stops blaming chance.
MAX_RESTARTS = 3
UNFINISHED = ("validating_files", "queued", "running", "paused")


class Runner:
    """The queue of training jobs."""

    def __init__(
        self,
        config: EngineConfig,
        jobs: JobStore,
        files: FileStore,
        bases: Bases,
        tuned: TunedModels,
        place: Place,
    ) -> None:
        self.config, self.jobs, self.files, self.bases, self.tuned = config, jobs, files, bases, tuned
        self.place = place
        self._wake = threading.Condition()
        self._stopping = False
        self._running: dict[str, Training] = {}
        self._taken: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._loop, name="training-queue", daemon=True)

    def start(self) -> None:
        self._recover()
        self._thread.start()

    @property
    def training(self) -> str | None:
        """The id of a job that has a process now."""
        return next(iter(list(self._running)), None)

    # What callers ask for

    def submit(self) -> None:
        """Look at the queue again: a job was added or resumed."""
        with self._wake:
            self._wake.notify_all()

    def cancel(self, id: str) -> Job:
        """End a job now. When this answers, a process on this machine is gone, and a Ray cluster has been told."""
        if (already := self.jobs.get(id)).status == "cancelled":
            return already
        job = self.jobs.require_change(
            id,
            UNFINISHED,
            "cancelled",
            status="cancelled",
            finished_at=now(),
        )
        training = self._running.get(id)
        if training:
            training.end()
        self.jobs.say(id, "The job was cancelled.")
        return job

    def pause(self, id: str) -> Job:
        """Stop a job after the step it is in, with a checkpoint to go on from."""
        job = self.jobs.require_change(id, ("validating_files", "queued", "running"), "paused", status="paused")
        training = self._running.get(id)
        if training:
            training.pause()
        return job

    def resume(self, id: str) -> Job:
        job = self.jobs.require_change(id, ("paused",), "resumed", status="queued")
        (self.jobs.folder(id) / PAUSE_FILE).unlink(missing_ok=True)
        self.jobs.say(id, "The job was put back into the queue.")
        self.submit()
        return job

    def stop(self, grace: float = 5.0) -> None:
        """End the queue with the engine. A job in training here saves a checkpoint and goes on at the next start; one
        on a Ray cluster goes on there."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for training in list(self._running.values()):
            training.engine_ends(grace)
        self.bases.stop()  # the queue may be waiting for a model
        with self._wake:
            threads = [self._thread, *self._taken.values()]
        for thread in threads:
            thread.join(timeout=5.0)

    # The queue

    def _recover(self) -> None:
        """Take up what an earlier engine left in the middle."""
        for job in self.jobs.all():
            if job.status != "running":
                continue
            if Outcome.read(self.jobs.folder(job.id)) is not None:
                self._succeed(job)
            elif job.handed_over:
                self.jobs.change(job.id, ("running",), status="queued")
                self.jobs.say(job.id, "The engine was restarted; it follows the job on the Ray cluster again.")
            else:
                self._again(job, "The engine was restarted; the job is queued again.", "The engine ended")

    def _again(self, job: Job, said: str, what: str) -> None:
        """Back into the queue, unless that has not helped before. Keeps what was decided meanwhile (pause, cancel)."""
        if job.restarts >= MAX_RESTARTS:
            self.fail(job.id, f"{what} {MAX_RESTARTS + 1} times while this job was training.")
            return
        self.jobs.change(job.id, UNFINISHED, restarts=job.restarts + 1)
        self.jobs.change(job.id, ("running",), status="queued")
        self.jobs.say(job.id, said, "warn")

    def _loop(self) -> None:
        while not self._stopping:
            with self._wake:
                free = len(self._taken) < self.place.slots
                job = self.jobs.oldest("queued", self._taken) if free else None
                if job is None:
                    self._wake.wait(timeout=5.0)
                    continue
                # a thread for each: Linux ends a child with the thread that started it
                thread = threading.Thread(target=self._take, args=(job,), name=f"training-{job.short}", daemon=True)
                self._taken[job.id] = thread
                thread.start()

    def _take(self, job: Job) -> None:
        try:
            self._run(job)
        except Exception as error:  # one job's trouble must not end the queue
            if not self._stopping:  # the next engine goes on with it
                self.fail(job.id, f"The engine could not run the job: {error}")
        finally:
            with self._wake:
                del self._taken[job.id]
                self._wake.notify_all()

    def _run(self, job: Job) -> None:
        base = self.bases.ensure(job.model)
        folder = self.jobs.folder(job.id)
        self._write_spec(job, base)
        if not self.jobs.change(job.id, ("queued",), status="running", started_at=job.started_at or now()):
            return
        training = self.place.start(job.id, folder)
        if self.place.here:
            self.jobs.say(job.id, "Training process started.")
        self._running[job.id] = training
        # A cancel or pause, or the engine's end, may have come before there was a process to tell.
        status = self.jobs.get(job.id).status
        if self._stopping:
            training.engine_ends(0.5)
        elif status == "cancelled":
            training.end()
        elif status == "paused":
            training.pause()
        try:
            code = training.wait()
        except Left:
            return
        except Lost as why:
            self._next_attempt(job)
            self._again(self.jobs.get(job.id), f"{why} The job is queued again.", "Its process was lost")
        else:
            self._next_attempt(job)
            self._settle(job.id, code)
        finally:
            del self._running[job.id]

    def _next_attempt(self, job: Job) -> None:
        self.jobs.change(job.id, UNFINISHED, attempt=job.attempt + 1, handed_over=False)

    def _write_spec(self, job: Job, base: Path) -> None:
        files = {}
        for name in ("training_file", "validation_file"):
            if id := getattr(job, name):
                files[name] = {"path": str(self.files.path(id)), "sha256": self.files.get(id)["sha256"]}
        spec = {
            "model": job.model,
            "base": str(base),
            "context": self.bases.context(base),
            "device": self.config.device,
            "threads": self.config.training_threads,
            "seed": job.seed,
            "files": files,
            **job.settled.model_dump(),
        }
        write_json(self.jobs.folder(job.id) / "spec.json", spec)

    def _settle(self, id: str, code: int) -> None:
        """Decide how a job ended, from how its process did."""
        job = self.jobs.get(id)
        folder = self.jobs.folder(id)
        if job.status == "cancelled":
            shutil.rmtree(folder / "model", ignore_errors=True)
            forget_resume_state(folder)
        elif code == 0 and Outcome.read(folder) is not None:
            self._succeed(job)
        elif self._stopping or code in (PAUSED, -signal.SIGUSR1):
            # The signal itself ends a process that is still starting. Without a pause the engine is ending,
            # and the next one takes the job up.
            self.jobs.change(id, ("running",), status="queued")
            self.jobs.say(id, "Training stopped; it goes on from its last checkpoint.")
        else:
            error = failure(folder, code)
            self.fail(id, error["message"], code=error["code"], param=error.get("param"))

    def _succeed(self, job: Job) -> None:
        folder = self.jobs.folder(job.id)
        outcome = Outcome.read(folder)
        if outcome is None or self.jobs.get(job.id).status in ENDED:
            return
        model = self.tuned.publish(job, folder / "model", created=now())
        result = write_step_metrics(self.jobs.events(job.id), self.files)
        changed = self.jobs.change(
            job.id,
            ("running", "paused", "queued"),
            status="succeeded",
            fine_tuned_model=model,
            finished_at=now(),
            trained_tokens=outcome.trained_tokens,
            result_files=[result],
        )
        if changed is None:  # cancelled in the last moment: the caller was told so
            self.tuned.delete(model)
            self.files.delete(result)
            return
        forget_resume_state(folder)
        self.jobs.say(job.id, f"New fine-tuned model created: {model}", data=outcome.public())
        self.jobs.say(job.id, "The job has successfully completed.")

    def fail(self, id: str, message: str, code: str = "training_failed", param: str | None = None) -> None:
        """Mark a job as failed, unless it has ended, and say why."""
        error = {"code": code, "message": message, "param": param}
        if self.jobs.change(id, UNFINISHED, status="failed", error=error, finished_at=now()):
            forget_resume_state(self.jobs.folder(id))
            self.jobs.say(id, message, "error")
