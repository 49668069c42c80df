"""What an engine is started with, and where it keeps things under its home."""

import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class EngineConfig:
    """One engine: its home folder, its device and the limits it keeps."""

    home: Path
    device: Device = "auto"
    key: str | None = None
    #: Convert the small model at start, so that the first request does not wait for it.
    prepare: bool = True
    max_file_bytes: int = 512 * 1024 * 1024
    max_body_bytes: int = 16 * 1024 * 1024
    #: Chat requests that may wait; one more is answered 429.
    max_waiting: int = 512
    threads: int = field(default_factory=lambda: cores())
    #: The address of a Ray head's dashboard: training runs there and not here.
    ray: str | None = None
    #: Cores that one training takes there.
    ray_cpus: int = 1
    #: Seconds for which a cluster that does not answer is asked again before its jobs fail.
    ray_patience: float = 600.0

    @property
    def training_threads(self) -> int:
        return self.ray_cpus if self.ray else self.threads

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def jobs(self) -> Path:
        return self.home / "jobs"

    @property
    def models(self) -> Path:
        """Base models: one Hugging Face model folder each."""
        return self.home / "models"

    @property
    def tuned(self) -> Path:
        """What jobs made: an adapter folder or a whole model each, with a ``model.json``."""
        return self.home / "tuned"

    def make_folders(self) -> None:
        for folder in (self.files, self.jobs, self.models, self.tuned):
            folder.mkdir(parents=True, exist_ok=True)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_loopback(host: str) -> bool:
    """True for ``localhost`` and loopback addresses; a name that would need a look-up is not trusted."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
