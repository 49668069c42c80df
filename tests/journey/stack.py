"""The product as a newcomer starts it: `holdout up` in a home of its own, on free ports."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_SECONDS = 120


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Stack:
    """Running until ``stop``. ``link`` signs the instance admin in once; ``holdout`` runs further commands."""

    def __init__(self, *arguments: str, home: Path | None = None) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix="holdout-journey-"))
        self.home.chmod(0o711)  # as root the database runs as another user, who must get through
        self.port, self.engine_port = free_port(), free_port()
        self.log = self.home / f"up-{self.port}.log"
        self.process = self._start(arguments)
        self.link = self._link()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDOUT_", "OPENAI_"))}
        mine |= {"HOLDOUT_HOME": str(self.home / "data"), "HOLDOUT_PORT": str(self.port)}
        return mine | {"HOLDOUT_ENGINE_PORT": str(self.engine_port)}

    def _start(self, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app.cli", "up", *arguments], env=self.environment, stdout=log, stderr=log
            )

    def _link(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = re.search(r"Sign in once at\s+(\S+)", self.log.read_text())
            if found:
                return found.group(1)
            time.sleep(0.1)
        raise AssertionError(f"holdout up did not start:\n{self.log.read_text()[-4000:]}")

    def holdout(self, *arguments: str) -> str:
        """Run another command of ``holdout`` beside it; answers its output."""
        command = [sys.executable, "-m", "app.cli", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop_only(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def stop(self) -> None:
        self.stop_only()
        shutil.rmtree(self.home, ignore_errors=True)
