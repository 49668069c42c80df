"""``holdout up``: start everything in order, watch it, stop it in reverse."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import NoReturn

from app.cli.children import Child
from app.cli.run import fail
from app.core.postgres import EmbeddedPostgres, EmbeddedPostgresError
from app.core.settings import Settings

READY_SECONDS = 60


class Stop(BaseException):
    """Ctrl-C or SIGTERM."""


def run_everything(settings: Settings, *, engine: bool, demo: bool) -> None:
    """Return when told to stop; leaves no process behind (children also die with this process)."""
    host, port = settings.host, settings.port
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    engine = engine and _engine_wanted(settings)
    _refuse_taken_port(host, port, "--port or HOLDOUT_PORT")
    if engine:
        _refuse_taken_port("127.0.0.1", settings.engine_port, "HOLDOUT_ENGINE_PORT")
    children: list[Child] = []
    server: EmbeddedPostgres | None = None
    try:
        if not settings.database_url:
            server = EmbeddedPostgres(settings.home)
            os.environ["HOLDOUT_DATABASE_URL"] = server.start()
            if not server.is_owner:
                fail(f"Holdout runs already with its data in {settings.home}: stop it, or set another HOLDOUT_HOME")
        settings.master_key()
        link = _prepare(settings.address, demo)
        if server:
            os.environ["HOLDOUT_DATABASE_URL"] = server.app_dsn  # web and worker log in as the restricted role
        children.append(Child("web", ["web"]))
        children.append(Child("worker", ["worker"]))
        if engine:
            children.append(Child("engine", ["engine", "--port", str(settings.engine_port)]))
        _wait_ready(children[0], host, port)
        _welcome(settings.address, link, settings, engine)
        _watch(children, server)
    except Stop:
        print("\nStopping…", flush=True)
    except EmbeddedPostgresError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or settings.home}")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for child in children:
            child.terminate()
        for child in children:
            child.finish()
        if server:
            server.stop()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stop


def _engine_wanted(settings: Settings) -> bool:
    if settings.engine_url:
        return False
    if importlib.util.find_spec("torch") is None:
        print("The local engine is not installed (no PyTorch): starting without it.", flush=True)
        return False
    return True


def _refuse_taken_port(host: str, port: int, setting: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            fail(f"cannot listen on {host}:{port} ({error.strerror}): choose another with {setting}")


def _prepare(base_url: str, demo: bool) -> str:
    """In a process of its own, so that this one stays small. Answers the sign-in link."""
    command = [sys.executable, "-m", "app.cli", "prepare", "--base-url", base_url]
    done = subprocess.run(  # noqa: S603 (our own program)
        command if demo else [*command, "--no-demo"], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.strip().splitlines()[-1]


def _wait_ready(web: Child, host: str, port: int) -> None:
    address = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if web.process.poll() is not None:
            fail("the web process did not start: its message is above")
        try:
            urllib.request.urlopen(f"http://{address}:{port}/readyz", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    fail("the web process did not become ready in a minute")


def _welcome(address: str, link: str, settings: Settings, engine: bool) -> None:
    home: Path = settings.home
    print(f"\n  Holdout runs at  {address}\n  Sign in once at  {link}\n")
    print(
        f"  Data is kept in {home}" + ("" if engine else " · no local engine") + " · Ctrl-C stops everything\n",
        flush=True,
    )


def _watch(children: list[Child], server: EmbeddedPostgres | None) -> NoReturn:
    """A part that dies is started again, more slowly each time."""
    while True:
        time.sleep(0.5)
        if server and server.ensure_running():
            print("The database had stopped; it runs again.", file=sys.stderr, flush=True)
        for child in children:
            child.restart_if_dead()
