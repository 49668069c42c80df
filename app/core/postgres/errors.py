"""What can go wrong with the embedded database, said so that a person can act on it."""

import errno
import re
from pathlib import Path

from app.core.errors import HoldoutError

INSTEAD = "set HOLDOUT_DATABASE_URL to a PostgreSQL of your own (15 or newer)"
_FULL = re.compile("No space left on device|Disk quota exceeded")
_SEVERE = re.compile(r"(?:FATAL|PANIC|ERROR|error): +(.+)")


class EmbeddedPostgresError(HoldoutError):
    """The embedded database cannot start or be reached. ``str(error)`` is one line for a person."""


def disk_full(folder: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"The disk that holds {folder} is full: free some space (a new database takes about 100 MB) and start again."
    )


def from_os_error(error: OSError, folder: Path) -> EmbeddedPostgresError:
    """A system call failed while we prepared or started the server in ``folder``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or _FULL.search(str(error)):  # copytree gathers texts only
        return disk_full(folder)
    if isinstance(error, PermissionError):
        return EmbeddedPostgresError(
            f"{error.filename or folder} is not yours to use ({error.strerror}): run Holdout as the user who "
            f"first started it here, or set HOLDOUT_HOME to a folder of your own."
        )
    return EmbeddedPostgresError(f"The embedded database could not start: {error}. Or {INSTEAD}.")


def from_output(output: str, folder: Path, log: Path | None = None) -> EmbeddedPostgresError:
    """``output`` is what initdb or the server wrote before it gave up."""
    if _FULL.search(output):
        return disk_full(folder)
    found = _SEVERE.findall(output)
    reason = found[-1] if found else " ".join(output.split())[:400] or "it wrote nothing"
    more = f" All it wrote is in {log}." if log else ""
    return EmbeddedPostgresError(f"The embedded database could not start: {reason}.{more}")
