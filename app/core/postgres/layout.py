"""Where the embedded database keeps what, under ``HOLDOUT_HOME/postgres``."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

SUPERUSER = "postgres"  # only the supervisor uses it
OWNER_ROLE = "holdout_owner"
APP_ROLE = "holdout_app"
DATABASE = "holdout"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP


@dataclass(frozen=True)
class State:
    """What the owner tells others. ``ready`` is false while it starts or once it has stopped."""

    socket_folder: Path
    ready: bool


@dataclass(frozen=True)
class Layout:
    home: Path

    @property
    def root(self) -> Path:
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def owner_lock(self) -> Path:
        """Held by the one process that starts and stops the server."""
        return self.root / "owner.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server and its children, so it outlives an owner that was killed."""
        return self.root / "server.lock"

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    def read_state(self) -> State | None:
        try:
            stored = json.loads(self.state_file.read_text())
            return State(Path(stored["socket_folder"]), bool(stored["ready"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write_state(self, state: State) -> None:
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(json.dumps({"socket_folder": str(state.socket_folder), "ready": state.ready}))
        os.replace(fresh, self.state_file)
