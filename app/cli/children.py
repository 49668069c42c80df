"""A child process of ``holdout up``: dies with it, is started again when it dies, is stopped gently first."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15
MAX_PAUSE_SECONDS = 30.0
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    def __init__(self, name: str, arguments: list[str]) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "app.cli", *arguments]
        self._pause = 0.5
        self._not_before = 0.0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        return subprocess.Popen(  # noqa: S603 (our own program)
            self._command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches `holdout up`, which stops the parts in order
            preexec_fn=_die_with(os.getpid()),
        )

    def restart_if_dead(self) -> None:
        code = self.process.poll()
        if code is None:
            if time.monotonic() - self._started > 60:
                self._pause = 0.5
            return
        if not self._not_before:
            self._not_before = time.monotonic() + self._pause
            print(f"The {self.name} stopped (exit {code}); starting it again.", file=sys.stderr, flush=True)
        if time.monotonic() >= self._not_before:
            self._not_before = 0.0
            self._pause = min(self._pause * 2, MAX_PAUSE_SECONDS)
            self.process = self._start()

    def terminate(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def finish(self) -> None:
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0 or os.getppid() != parent:
            os._exit(127)

    return in_child
