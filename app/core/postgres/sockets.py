"""The folder of the server's socket. A socket's whole path must fit in 108 bytes, its final NUL included."""

import os
import re
import stat
import tempfile
from pathlib import Path

from app.core.postgres.errors import EmbeddedPostgresError
from app.core.postgres.identity import ServerUser
from app.core.postgres.layout import PORT, Layout

MAX_PATH = 107
# The server takes a comma-separated list here, and connection URLs have rules of their own: plain names only.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


def socket_folder(layout: Layout, user: ServerUser) -> Path:
    """A folder of mode 0700 that belongs to the server: the one used before if still good, else a new one."""
    inside = layout.root / "socket"
    if _fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        _own(inside, user)
        return inside
    before = layout.read_state()
    if before and _is_ours(before.socket_folder, user):
        return before.socket_folder
    return _short_folder(user)


def forget_socket_folder(layout: Layout, folder: Path) -> None:
    """Remove a short folder outside ``HOLDOUT_HOME`` once the server has stopped."""
    if not folder.is_relative_to(layout.root):
        for left in folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)
        folder.rmdir()


def _short_folder(user: ServerUser) -> Path:
    runtime = None if user.dropped else os.environ.get("XDG_RUNTIME_DIR")  # root's own is closed to the server
    for parent in filter(None, (runtime, "/tmp", tempfile.gettempdir())):  # noqa: S108 (mkdtemp below is safe there)
        if not _fits(Path(parent) / "holdout-12345678"):
            continue
        try:
            folder = Path(tempfile.mkdtemp(prefix="holdout-", dir=parent))
        except OSError:
            continue
        _own(folder, user)
        return folder
    raise EmbeddedPostgresError(
        "No folder with a path short enough for the database's socket: set HOLDOUT_HOME to a shorter path, or "
        "make /tmp writable."
    )


def _fits(folder: Path) -> bool:
    path = str(folder / f".s.PGSQL.{PORT}.lock")
    return len(os.fsencode(path)) <= MAX_PATH and _PLAIN.fullmatch(path) is not None


def _own(folder: Path, user: ServerUser) -> None:
    if user.dropped:
        os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


def _is_ours(folder: Path, user: ServerUser) -> bool:
    try:
        info = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == user.uid and stat.S_IMODE(info.st_mode) == 0o700
