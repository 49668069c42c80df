"""One owner process per data directory starts and stops the server; every other process attaches to it."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from app.core.postgres import process, roles
from app.core.postgres.binaries import private_copy, wheel_binaries
from app.core.postgres.cluster import ensure_cluster, server_command, shorten_log
from app.core.postgres.errors import INSTEAD, EmbeddedPostgresError, from_os_error, from_output
from app.core.postgres.identity import make_root, server_user
from app.core.postgres.layout import APP_ROLE, DATABASE, Layout, State
from app.core.postgres.locks import is_locked, try_lock, wait_lock
from app.core.postgres.sockets import forget_socket_folder, socket_folder

ATTACH_SECONDS = 60  # how long another process may take to start the server before we give up on it
LEFTOVER_SECONDS = 60  # how long the server of an owner that was killed may take to shut down


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def attach(home: Path) -> str | None:
    """The owner's URL of the server that another process runs under ``home``, or None when none runs."""
    layout = Layout(home.resolve())
    try:
        state = layout.read_state()
        if state is None or not state.ready or not is_locked(layout.owner_lock):
            return None
    except OSError as error:
        raise from_os_error(error, layout.root) from error
    url = roles.dsn(state.socket_folder)
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return None
    return url


class EmbeddedPostgres:
    """A PostgreSQL server, its data under ``home``. ``durable=False`` may lose data: for tests only."""

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.layout = Layout(home.resolve())
        self.durable = durable
        self.dsn: str = ""
        self._owner_lock: int | None = None
        self._server: subprocess.Popen[Any] | None = None
        self._socket_folder: Path | None = None

    @property
    def is_owner(self) -> bool:
        """True when this process runs the server, False when it is attached to another's."""
        return self._owner_lock is not None

    @property
    def app_dsn(self) -> str:
        """The URL of the restricted role: it logs in as itself, so ``reset role`` gives it nothing more."""
        return roles.dsn(self._folder(), APP_ROLE)

    @property
    def log(self) -> Path:
        return self.layout.log

    def start(self) -> str:
        """Start the server, or attach to the one that runs; answers the owner's URL. From the main thread.

        Raises ``EmbeddedPostgresError``, whose text is one line for a person.
        """
        if sys.platform != "linux":
            raise EmbeddedPostgresError(f"The embedded database runs on Linux only: {INSTEAD}.")
        end = time.monotonic() + ATTACH_SECONDS
        try:
            make_root(self.layout)
            while (lock := try_lock(self.layout.owner_lock)) is None:
                if found := attach(self.layout.home):
                    return self._attached(found)
                if time.monotonic() > end:
                    raise EmbeddedPostgresError(
                        f"Another Holdout holds {self.layout.owner_lock}, but its database does not answer: "
                        "stop it first."
                    )
                time.sleep(0.05)
            self._owner_lock = lock
            process.require_main_thread()
            self._start_server()
        except OSError as error:
            self.stop()
            raise from_os_error(error, self.layout.root) from error
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def stop(self) -> None:
        """Stop the server if this process runs it. All connections end; what was committed stays."""
        if self._server is not None:
            process.stop(self._server)
            self._server = None
        if self._owner_lock is None:
            return
        if self._socket_folder is not None:
            with contextlib.suppress(OSError):
                self.layout.write_state(State(self._socket_folder, ready=False))
                forget_socket_folder(self.layout, self._socket_folder)
        self._socket_folder = None
        os.close(self._owner_lock)
        self._owner_lock = None

    def ensure_running(self) -> bool:
        """Start the server again, under the same URL, if it died; answers if it had. From the main thread."""
        if self._owner_lock is None or (self._server is not None and self._server.poll() is None):
            return False
        process.require_main_thread()
        try:
            self._start_server()
        except OSError as error:
            raise from_os_error(error, self.layout.root) from error
        return True

    def create_test_database(self, template: str = DATABASE) -> str:
        """Copy ``template`` (nobody may be connected to it) and answer the owner's URL of the copy."""
        return roles.create_database(self._folder(), template)

    def drop_test_database(self, url: str) -> None:
        roles.drop_database(self._folder(), url)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_server(self) -> None:
        """Needs the owner lock. Waits for the server of an owner that was killed, then starts ours."""
        layout, user = self.layout, server_user(self.layout)
        server_lock = wait_lock(layout.server_lock, LEFTOVER_SECONDS)
        if server_lock is None:
            raise EmbeddedPostgresError(f"An earlier database server still runs in {layout.data}: stop it first.")
        try:
            binaries = wheel_binaries()
            if user.dropped:
                binaries = private_copy(binaries, layout.root)
            ensure_cluster(layout, binaries, user, durable=self.durable)
            process.remove_stale_pid_file(layout.data)
            folder = self._socket_folder = socket_folder(layout, user)
            layout.write_state(State(folder, ready=False))
            log_start = shorten_log(layout.log)
            command = server_command(layout, binaries, user, folder, durable=self.durable)
            with open(layout.log, "ab", opener=_private) as log:
                self._server = process.spawn(command, user, layout.root, log, server_lock)
        finally:
            os.close(server_lock)  # the server has inherited it
        process.wait_ready(self._server, layout.data, layout.log, log_start)
        try:
            roles.ensure_database(folder)
        except psycopg.Error as error:  # damaged data: the server runs, and its sessions die
            raise from_output(process.written(layout.log, log_start), layout.root, layout.log) from error
        self.dsn = roles.dsn(folder)
        layout.write_state(State(folder, ready=True))

    def _attached(self, url: str) -> str:
        state = self.layout.read_state()
        self._socket_folder = state.socket_folder if state else None
        self.dsn = url
        return url

    def _folder(self) -> Path:
        if self._socket_folder is None:
            raise EmbeddedPostgresError("The embedded database is not started.")
        return self._socket_folder
