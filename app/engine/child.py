"""Child processes that never outlive the engine, whatever ends it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_PARENT = "HOLDOUT_ENGINE_PARENT"


def start(
    module: str, *arguments: str, stdout: int | IO[bytes], stderr: int | IO[bytes], threads: int
) -> subprocess.Popen[bytes]:
    """Start ``python -m module`` in a process group of its own.

    Call it from a thread that lives as long as the engine: Linux sends the death signal when the *thread*
    that started a child ends.
    """
    # The child must import the same package, wherever it was started from.
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    # Keys of this process are no business of a job's.
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_TOKEN"))}
    environment = kept | {
        _PARENT: str(os.getpid()),
        "PYTHONPATH": path,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": str(threads),
    }
    return subprocess.Popen(  # our own interpreter and modules, no shell  # noqa: S603
        [sys.executable, "-m", module, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def die_with_engine() -> None:
    """Called first in a child: ask the kernel to kill us when the engine dies, even by ``kill -9``. (The app has the
    same few lines in ``core.orphans``: the engine is a program of its own and imports nothing of it.)"""
    parent = os.environ.get(_PARENT)
    if parent is None:
        return  # started by hand
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):  # it died before we asked
        os._exit(1)


def kill_group(process: subprocess.Popen[bytes], grace: float) -> None:
    """End a child and whatever it started: SIGTERM, and SIGKILL after ``grace`` seconds."""
    if process.poll() is not None:
        return  # its number may belong to another process by now
    for sign, wait in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait)
            return


def exit_reason(code: int) -> str:
    """Why a child ended, in words."""
    if code >= 0:
        return f"it exited with status {code}"
    name = signal.Signals(-code).name
    hint = ", usually because memory ran out" if -code == signal.SIGKILL else ""
    return f"it was ended by {name}{hint}"
