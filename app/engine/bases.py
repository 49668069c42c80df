"""Base models: the two that the engine makes by itself, every folder in ``<home>/models``, and hub ids."""

import contextlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine import child, convert, hub
from app.engine.config import EngineConfig
from app.engine.errors import EngineError, not_found
from app.engine.storage import new_id, read_json
from app.engine.tiny import make_tiny

SMALL = "smollm2-135m-instruct"
TINY = "tiny-random-llama"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass
class Preparation:
    """Where a built-in base stands: ``absent``, ``preparing``, ``ready``, ``failed`` or ``unavailable``."""

    state: str
    progress: float = 0.0
    doing: str = ""
    error: str | None = None

    def public(self) -> dict[str, Any]:
        return {"state": self.state, "progress": self.progress, "doing": self.doing, "error": self.error}


class Bases:
    """The base models of one engine."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self._makers: dict[str, Callable[[Path], None]] = {SMALL: self._convert, TINY: self._make_tiny}
        self._locks = {name: threading.Lock() for name in self._makers}
        self.status = {name: Preparation(self._first_state(name)) for name in self._makers}
        self._converting: subprocess.Popen[bytes] | None = None
        for leftover in config.models.glob(".making-*"):
            shutil.rmtree(leftover)

    def _first_state(self, name: str) -> str:
        if self._is_model(self.config.models / name):
            return "ready"
        return "unavailable" if name == SMALL and convert.gguf_file() is None else "absent"

    def names(self) -> list[str]:
        """Every base that can be used, the built-in ones that still have to be made included."""
        dropped = {path.name for path in self.config.models.iterdir() if self._is_model(path)}
        made = {name for name, status in self.status.items() if status.state != "unavailable"}
        return sorted(dropped | made, key=lambda name: (name != SMALL, name == TINY, name))

    @staticmethod
    def _is_model(path: Path) -> bool:
        return bool(_NAME.fullmatch(path.name)) and (path / "config.json").is_file()

    def require(self, name: str) -> None:
        """Raise the 404 of an unknown model."""
        if name not in self.names():
            raise not_found("model", name, "model")

    def resolve(self, name: str) -> str:
        """The engine's own name of a base that was asked for. A hub id whose files are in a cache is linked in; one
        that may be downloaded is downloaded when it is needed. Raises the 404 of an unknown model."""
        id = name if hub.is_id(name) else hub.id_of(name)
        if name in self.names() or id is None:
            self.require(name)
            return name
        local = hub.local_name(id)
        if local not in self.names() and not self._link(local, hub.cached(id)) and not hub.may_download():
            said = hub.how_to_place(id, self.config.models)
            raise EngineError(said, status=404, param="model", code="model_not_found")
        return local

    def _link(self, name: str, found: Path | None) -> bool:
        if found is not None:
            with contextlib.suppress(FileExistsError):
                (self.config.models / name).symlink_to(found, target_is_directory=True)
        return found is not None

    def created(self, name: str) -> int:
        path = self.config.models / name / "config.json"
        return int(path.stat().st_mtime) if path.exists() else 0

    def context(self, path: Path) -> int:
        """How many tokens a model reads, from its ``config.json``."""
        config = read_json(path / "config.json")
        found = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
        return int(found or 2048)

    def ensure(self, name: str) -> Path:
        """The folder of a base, made first if it is a built-in one. May take a minute; safe from any thread."""
        name = self.resolve(name)
        folder = self.config.models / name
        id = hub.id_of(name)
        if id is not None and not self._is_model(folder):
            try:
                self._link(name, hub.download(id))
            except Exception as error:
                said = f"{id} could not be downloaded: {error}"
                raise EngineError(f"{said} {hub.how_to_place(id, self.config.models)}", status=503) from error
        if name not in self._makers or self._is_model(folder):
            return folder
        with self._locks[name]:
            if not self._is_model(folder):
                self._make(name, folder)
        return folder

    def prepare_soon(self, name: str) -> None:
        """Make a built-in base in the background, unless it is there or being made."""
        status = self.status.get(name)
        if status is not None and status.state in ("absent", "failed"):
            status.state = "preparing"
            threading.Thread(target=self._prepare, args=(name,), daemon=True).start()

    def _prepare(self, name: str) -> None:
        with contextlib.suppress(EngineError):  # kept in the status, and told to whoever needs the model
            self.ensure(name)

    def _make(self, name: str, folder: Path) -> None:
        status = self.status[name]
        status.state, status.progress, status.error = "preparing", 0.0, None
        temporary = self.config.models / new_id(".making-")
        temporary.mkdir()
        try:
            self._makers[name](temporary)
            temporary.rename(folder)
        except Exception as error:
            shutil.rmtree(temporary, ignore_errors=True)
            status.state, status.error = "failed", str(error)
            raise EngineError(f"Model {name} could not be prepared: {error}", status=503) from error
        status.state, status.progress, status.doing = "ready", 1.0, ""

    def _make_tiny(self, folder: Path) -> None:
        make_tiny(folder, convert.TEMPLATE.read_text())

    def _convert(self, folder: Path) -> None:
        log = self.config.models / ".convert.log"
        with log.open("wb") as errors:
            process = child.start(
                "app.engine.convert",
                str(folder),
                stdout=subprocess.PIPE,
                stderr=errors,
                threads=self.config.threads,
            )
            self._converting = process
            self._follow(process, self.status[SMALL])
        if code := process.wait():
            lines = log.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(lines[-1] if lines else child.exit_reason(code))

    @staticmethod
    def _follow(process: subprocess.Popen[bytes], status: Preparation) -> None:
        for line in process.stdout or ():
            try:
                said = json.loads(line)
                status.progress, status.doing = float(said["progress"]), str(said["doing"])
            except (ValueError, KeyError, TypeError):
                continue  # a library printed something

    def stop(self) -> None:
        """End a conversion that is under way; the next start does it again."""
        if self._converting is not None and self._converting.poll() is None:
            child.kill_group(self._converting, grace=1.0)
