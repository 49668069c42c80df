"""The records, events and checkpoints of all jobs, under ``<home>/jobs/<id>/``.

One engine owns a home, so records live in memory and are written through. Events are appended by the engine
and by the training process; checkpoints by the training process alone.
"""

import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from app.engine.config import EngineConfig
from app.engine.errors import EngineError, not_found
from app.engine.events import say
from app.engine.job import ENDED, Job
from app.engine.storage import new_id, now, read_json, read_lines, write_json


class JobStore:
    """Every state change of a job goes through ``change``, so that two callers never undo each other."""

    def __init__(self, config: EngineConfig) -> None:
        self.root = config.jobs
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        for path in self.root.glob("ftjob-*/job.json"):
            job = Job.model_validate(read_json(path))
            self._jobs[job.id] = job

    def folder(self, id: str) -> Path:
        return self.root / id

    def add(self, job: Job) -> None:
        self.folder(job.id).mkdir()
        with self._lock:
            self._save(job)

    def get(self, id: str) -> Job:
        with self._lock:
            job = self._jobs.get(id)
        if job is None:
            raise not_found("fine-tuning job", id, "fine_tuning_job_id")
        return job

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.order, reverse=True)

    def oldest(self, status: str, taken: Collection[str]) -> Job | None:
        """The job that has been in a status and waiting for longest, by its creation; none of those ``taken``."""
        waiting = (job for job in reversed(self.all()) if job.status == status and job.id not in taken)
        return next(waiting, None)

    def change(self, id: str, allowed: Collection[str], **changes: Any) -> Job | None:
        """Change a job if its status is one of ``allowed``; None, and no change, if it is not."""
        with self._lock:
            job = self.get(id)
            if job.status not in allowed:
                return None
            changed = job.model_copy(update=changes)
            self._save(changed)
            return changed

    def require_change(self, id: str, allowed: Collection[str], verb: str, **changes: Any) -> Job:
        """``change`` for a caller's request: a 400 that says why it cannot be."""
        job = self.change(id, allowed, **changes)
        if job is None:
            status = self.get(id).status
            raise EngineError(
                f"Job {id} is {status} and cannot be {verb}.",
                param="fine_tuning_job_id",
                code="invalid_job_status",
            )
        return job

    def _save(self, job: Job) -> None:
        write_json(self.folder(job.id) / "job.json", job.model_dump(mode="json"))
        self._jobs[job.id] = job

    def using_file(self, file_id: str) -> str | None:
        """A job that has not ended and reads this file."""
        for job in self.all():
            if job.status not in ENDED and file_id in (job.training_file, job.validation_file):
                return job.id
        return None

    def using_model(self, model: str) -> str | None:
        return next((job.id for job in self.all() if job.status not in ENDED and job.model == model), None)

    def say(self, id: str, message: str, level: str = "info", data: dict[str, Any] | None = None) -> None:
        """Append an event of type ``message``."""
        say(self.folder(id), message, level, data)

    def events(self, id: str) -> list[dict[str, Any]]:
        """Newest first, as OpenAI lists them."""
        self.get(id)
        return read_lines(self.folder(id) / "events.jsonl")[::-1]

    def checkpoints(self, id: str) -> list[dict[str, Any]]:
        """OpenAI's checkpoint objects, newest first, of those still on disk."""
        job = self.get(id)
        by_step = {line["step"]: line for line in read_lines(self.folder(id) / "checkpoints.jsonl")}
        return [
            {
                "id": f"ftckpt-{job.short}-{step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": line["created_at"],
                "fine_tuned_model_checkpoint": f"{job.tuned_name}:ckpt-step-{step}",
                "fine_tuning_job_id": id,
                "metrics": line["metrics"],
                "step_number": step,
            }
            for step, line in sorted(by_step.items(), reverse=True)
            if self.checkpoint_folder(id, step).is_dir()
        ]

    def checkpoint_folder(self, id: str, step: int) -> Path:
        return self.folder(id) / "checkpoints" / f"checkpoint-{step}"

    def estimated_finish(self, job: Job) -> int | None:
        """Unix time when the last metrics say that a running job will end."""
        if job.status != "running":
            return None
        for line in self.events(job.id):
            data = line.get("data") or {}
            if line["type"] == "metrics" and data.get("seconds_left") is not None:
                return int(line["created_at"] + data["seconds_left"])
        return None


def new_job(**fields: Any) -> Job:
    """A job with a fresh id, behind all others in the queue."""
    return Job(id=new_id("ftjob-"), order=time.time_ns(), created_at=now(), **fields)
