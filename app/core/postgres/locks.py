"""``flock`` on a file: gone with its last holder, whatever killed it, so nothing stale can be left behind."""

import fcntl
import os
import time
from pathlib import Path


def try_lock(path: Path) -> int | None:
    """An open descriptor that holds the lock, or None when another process holds it. Close it to let go."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_lock(path: Path, seconds: float) -> int | None:
    """As ``try_lock``, but tries for so many seconds."""
    end = time.monotonic() + seconds
    while (descriptor := try_lock(path)) is None and time.monotonic() < end:
        time.sleep(0.02)
    return descriptor


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock now. A missing file is not locked, and is not made."""
    if not path.exists():
        return False
    descriptor = try_lock(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
