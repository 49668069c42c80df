"""Tuned models: what a job left behind, ready to be served."""

import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from app.engine import hub
from app.engine.bases import Bases
from app.engine.config import EngineConfig
from app.engine.errors import EngineError, not_found
from app.engine.job import Job
from app.engine.jobs import JobStore
from app.engine.storage import new_id, now, read_json, sync_folder, write_json


@dataclass(frozen=True)
class Tuned:
    """The ``model.json`` of a tuned model."""

    id: str
    base: str
    kind: Literal["adapter", "full"]
    #: None of an adapter that was imported.
    job: str | None
    created: int


@dataclass(frozen=True)
class Target:
    """What a chat request is to be answered by: a model folder and perhaps an adapter folder on it."""

    id: str
    base: str
    adapter: Path | None = None
    #: A whole tuned model in place of a base.
    full: Path | None = None


class TunedModels:
    """Finds, publishes and deletes tuned models."""

    def __init__(self, config: EngineConfig, bases: Bases, jobs: JobStore) -> None:
        self.root, self.bases, self.jobs = config.tuned, bases, jobs
        self._lock = threading.Lock()
        self._models: dict[str, tuple[Tuned, Path]] = {}
        for path in self.root.glob("*/model.json"):
            model = Tuned(**read_json(path))
            self._models[model.id] = (model, path.parent)

    def publish(self, job: Job, made: Path, created: int) -> str:
        """Move what a job made to its place; answers its id. Doing it again after a crash is harmless."""
        kind: Literal["adapter", "full"] = "full" if job.settled.adapter["type"] == "full" else "adapter"
        model = Tuned(job.tuned_name, job.model, kind, job.id, created)
        folder = self.root / job.short
        if made.is_dir():
            write_json(made / "model.json", asdict(model))
            made.rename(folder)
            sync_folder(self.root)
        with self._lock:
            self._models[model.id] = (model, folder)
        return model.id

    def adopt(self, made: Path, base: str, suffix: str | None) -> Tuned:
        """Take up an adapter's folder that no job made."""
        short = new_id("")[:12]
        model = Tuned(f"ft:{base}:{suffix or ''}:{short}", base, "adapter", None, now())
        write_json(made / "model.json", asdict(model))
        made.rename(self.root / short)
        sync_folder(self.root)
        with self._lock:
            self._models[model.id] = (model, self.root / short)
        return model

    def all(self) -> list[Tuned]:
        """Newest first."""
        with self._lock:
            return sorted((model for model, _ in self._models.values()), key=lambda m: (-m.created, m.id))

    def target(self, id: str) -> Target:
        """What serves the model called ``id``: a base, a tuned model or a job's checkpoint."""
        base = hub.local_name(id) if hub.is_id(id) else id
        if base in self.bases.names():
            return Target(id, base=base)
        with self._lock:
            found = self._models.get(id)
        if found is not None:
            model, folder = found
            return self._on_base(id, model.base, model.kind, folder)
        for job in self.jobs.all():
            prefix, step = f"{job.tuned_name}:ckpt-step-", id.rpartition("-")[2]
            if id == f"{prefix}{step}" and step.isdecimal():
                folder = self.jobs.checkpoint_folder(job.id, int(step))
                if folder.is_dir():
                    kind = "full" if job.settled.adapter["type"] == "full" else "adapter"
                    return self._on_base(id, job.model, kind, folder)
        raise not_found("model", id, "model")

    def _on_base(self, id: str, base: str, kind: str, folder: Path) -> Target:
        if kind == "full":
            return Target(id, base, full=folder)
        self.bases.require(base)
        return Target(id, base, adapter=folder)

    def delete(self, id: str) -> None:
        """Forget a tuned model; a base is not ours to delete."""
        if id in self.bases.names():
            raise EngineError(f"{id} is a base model: remove its folder from the engine's home.", param="model")
        with self._lock:
            found = self._models.pop(id, None)
        if found is None:
            raise not_found("model", id, "model")
        shutil.rmtree(found[1])

    def public(self, model: Tuned) -> dict[str, Any]:
        return {
            "id": model.id,
            "object": "model",
            "created": model.created,
            "owned_by": "holdout",
            "root": model.base,
            "kind": model.kind,
            "fine_tuning_job": model.job,
        }
