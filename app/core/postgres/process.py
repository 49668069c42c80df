"""Start, watch and end the server's process. It cannot outlive the process that started it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from app.core.postgres.errors import EmbeddedPostgresError, from_os_error, from_output
from app.core.postgres.identity import ServerUser

PR_SET_PDEATHSIG = 1
START_SECONDS = 300  # recovery after a power cut replays at most max_wal_size
STOP_SECONDS = 30
STATUS_LINE = 7  # of postmaster.pid: "starting", then "ready"

_libc = ctypes.CDLL(None, use_errno=True)


def require_main_thread() -> None:
    """The kernel sends the death signal when the starting *thread* ends, not only when its process does."""
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedPostgresError("The embedded database must be started from the main thread.")


def run(command: list[str], user: ServerUser, folder: Path) -> None:
    """Run a PostgreSQL program to its end as the server's user."""
    done = _popen(command, user, folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = done.communicate()
    except BaseException:
        done.kill()
        done.wait()
        raise
    if done.returncode:
        raise from_output(output, folder)


def spawn(command: list[str], user: ServerUser, folder: Path, log: IO[bytes], lock: int) -> subprocess.Popen[Any]:
    """Start the server; it inherits ``lock``, which is so held for as long as any of its processes lives."""
    return _popen(command, user, folder, stdout=log, stderr=log, pass_fds=(lock,))


def wait_ready(server: subprocess.Popen[Any], data: Path, log: Path, log_start: int) -> None:
    """Return when the server accepts connections; raise what it wrote when it gives up."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise from_output(written(log, log_start), data.parent, log)
        if _status(data) == (server.pid, "ready"):
            return
        time.sleep(0.01)
    stop(server)
    raise EmbeddedPostgresError(f"The embedded database did not become ready in {START_SECONDS} s; see {log}.")


def stop(server: subprocess.Popen[Any]) -> None:
    """Fast shutdown, which loses nothing; harsher when it does not end. Returns once the process is gone."""
    for sign, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if server.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if sign is signal.SIGKILL:
                os.killpg(server.pid, sign)  # a group of its own: no other process is in it
            else:
                server.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(seconds)


def remove_stale_pid_file(data: Path) -> None:
    """Call only while holding the server lock: then the server is dead, and its number may be anyone's by now."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        pid_file.unlink(missing_ok=True)
        return
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{pid}/cwd") == str(data.resolve()):
            raise EmbeddedPostgresError(
                f"A PostgreSQL that Holdout did not start (process {pid}) serves {data}: stop it first."
            )
    pid_file.unlink(missing_ok=True)


def _popen(command: list[str], user: ServerUser, folder: Path, **options: Any) -> subprocess.Popen[Any]:
    identity: dict[str, Any] = {}
    if user.dropped:
        identity = {"user": user.uid, "group": user.gid, "extra_groups": []}
    try:
        return subprocess.Popen(  # noqa: S603 (programs of the wheel, no shell)
            command,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            start_new_session=True,  # Ctrl-C reaches us, and we stop the server when its clients are done
            preexec_fn=_die_with(os.getpid()),  # after the change of user, which would clear the signal
            **identity,
            **options,
        )
    except OSError as error:
        raise from_os_error(error, folder) from error


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT) != 0 or os.getppid() != parent:
            os._exit(127)  # the parent died before the signal was set

    return in_child


def _status(data: Path) -> tuple[int, str] | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[STATUS_LINE].strip()
    except (FileNotFoundError, IndexError, ValueError):
        return None


def written(log: Path, start: int) -> str:
    """What the server has logged since ``start``, a position in bytes."""
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")
