"""Starting the child that unpacks, judging how it ended, and where its rows lie."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import app
from app.core.errors import TooLarge
from app.core.settings import get_settings
from app.examples.unpacking.kinds import Unreadable

LOOK_SECONDS = 7  # of a first look, within which a small file is unpacked whole
LOOK_LIMIT = 9.5  # seconds after which a child that does not answer is ended
WHOLE_LIMIT = 3_600
FREE_BYTES = 32_000_000  # that a file of any size may hold
RATIO = 50  # bytes that each packed byte beyond that may hold
UNPACKED = 8  # times the largest upload, at the very most
log = logging.getLogger(__name__)
_at_once = threading.BoundedSemaphore(2)  # of one process


class Stopped(Exception):
    """The worker is told to stop; another one will unpack the file."""


def readable(path: Path, container: str) -> Path:
    """The file whose lines can be read: the upload itself, or what was unpacked of it, as far as that has come."""
    if not container:
        return path
    return next((found for found in (_rows(path), _part(path)) if found.exists()), _rows(path))


def is_whole(path: Path) -> bool:
    """Whether all of a packed upload was unpacked."""
    return _rows(path).exists()


def first_look(path: Path, name: str, wanted: str) -> list[str]:
    """Unpack as much as a few seconds allow; answers what the file was packed as, from the outside in.

    Raises Unreadable with the reason, TooLarge for what holds more than it may.
    """
    return _run(path, name, wanted, LOOK_SECONDS, lambda: False)


def unpacked(path: Path, name: str, wanted: str, stopping: Callable[[], bool]) -> Path:
    """The whole file, unpacked now if that was not done yet.

    Raises what ``first_look`` raises, Stopped when ``stopping`` says so, FileNotFoundError.
    """
    if not _rows(path).exists():
        _run(path, name, wanted, None, stopping)
    return _rows(path)


def remove(path: Path) -> None:
    """The upload and all that was unpacked of it."""
    for one in (path, _rows(path), _part(path), _part(path).with_suffix(".plain")):
        one.unlink(missing_ok=True)


def _rows(path: Path) -> Path:
    return path.with_name(path.name + ".rows")


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def max_unpacked(size: int) -> int:
    """Bytes that a packed file of ``size`` bytes may hold."""
    return min(FREE_BYTES + RATIO * size, UNPACKED * get_settings().max_upload_mb * 1_000_000)


def _run(path: Path, name: str, wanted: str, seconds: int | None, stopping: Callable[[], bool]) -> list[str]:
    asked = _asked(path, name, wanted, seconds)
    answer = answer_of(_command(asked), LOOK_LIMIT if seconds else WHOLE_LIMIT, stopping)
    if "kinds" not in answer:
        _part(path).unlink(missing_ok=True)
        raise _refusal(answer, asked["limit"])
    if answer["whole"]:
        _part(path).rename(_rows(path))
    kinds: list[str] = answer["kinds"]
    return kinds


def _asked(path: Path, name: str, wanted: str, seconds: float | None) -> dict[str, Any]:
    asked = {"path": str(path), "out": str(_part(path)), "name": name, "wanted": wanted}
    limit = max_unpacked(path.stat().st_size)
    return asked | {"limit": limit, "seconds": seconds, "cpu_seconds": WHOLE_LIMIT}


def _command(asked: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "app.examples.unpacking.child", json.dumps(asked)]


def answer_of(command: list[str], limit: float, stopping: Callable[[], bool]) -> dict[str, Any]:
    """What the child says within ``limit`` seconds, ``{"broke": true}`` for an error that nobody foresaw.

    One that was ended by its memory or by the clock has nothing to say. Raises Stopped when ``stopping`` says so.
    """
    pipe = subprocess.PIPE
    with _at_once, subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment(), cwd="/") as child:  # noqa: S603
        try:
            said, problem = _communicate(child, time.monotonic() + limit, stopping)
        finally:
            child.kill()
    if said is None:
        return {"slow": True}
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        if child.returncode == 1:  # a Python error that nobody foresaw
            log.error("reading a file broke: %s", problem.decode(errors="replace")[-2_000:])
            return {"broke": True}
        return {"memory": True}
    return answer


def _communicate(
    child: "subprocess.Popen[bytes]", end: float, stopping: Callable[[], bool]
) -> tuple[bytes | None, bytes]:
    """(what it wrote or None when its time was over, what it complained of)."""
    while True:
        try:
            return child.communicate(timeout=min(1.0, max(0.0, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            if stopping():
                raise Stopped from None
            if time.monotonic() > end:
                return None, b""


def environment() -> dict[str, str]:
    """Of a process that reads somebody's file: no secrets.

    One memory arena and Arrow on the system's allocator, so that the cap means what it says.
    """
    code = str(Path(app.__path__[0]).parent)
    return {
        "PATH": os.defpath,
        "PYTHONPATH": code,
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
    }


def _refusal(answer: dict[str, Any], limit: int) -> Unreadable | TooLarge:
    if "unreadable" in answer:
        return Unreadable(answer["unreadable"])
    if "broke" in answer:
        return Unreadable("The file could not be opened. Save it as JSONL.")
    if "too_much" in answer:
        size = f"{limit // 1_000_000:,} MB"
        return TooLarge(f"Unpacked, the file holds more than {size}, the most for its size. Upload it unpacked.")
    if "slow" in answer:
        return Unreadable(f"The file could not be opened within {LOOK_LIMIT} seconds. Save it as JSONL.")
    return TooLarge("Opening the file needs more memory than it may have: a row or a page of it is too large.")
