"""Who the server runs as, and who may come near its files.

PostgreSQL refuses to run as root. Started by root it runs as ``nobody``, a user that other programs share: so it
gets a group number that nobody else has, and ``HOLDOUT_HOME/postgres`` opens to that group only. Another program
running as ``nobody`` can then neither enter the data nor trace the server.
"""

import grp
import os
import pwd
import random
import stat
from dataclasses import dataclass
from pathlib import Path

from app.core.postgres.errors import INSTEAD, EmbeddedPostgresError
from app.core.postgres.layout import Layout

UNPRIVILEGED = "nobody"
# The range systemd keeps for dynamic users: distributions give out no fixed numbers there.
PRIVATE_GROUPS = range(61184, 65520)


@dataclass(frozen=True)
class ServerUser:
    """``uid`` and ``gid`` run the server; ``client`` is the one system user whose connections it accepts."""

    uid: int
    gid: int
    client: str
    dropped: bool


def make_root(layout: Layout) -> None:
    """Make the private folder, mode 0700, or check that it is ours: nobody takes over another user's data."""
    layout.home.mkdir(mode=0o755, parents=True, exist_ok=True)
    layout.root.mkdir(mode=0o700, exist_ok=True)
    owner = layout.root.stat().st_uid
    if owner != os.geteuid():
        raise EmbeddedPostgresError(
            f"{layout.root} belongs to the user {_name_of(owner, known=False)}: start Holdout as that user, or set "
            "HOLDOUT_HOME to another folder."
        )


def server_user(layout: Layout) -> ServerUser:
    """Say who runs the server, and as root let it in. Needs the owner lock: two at once would choose two groups."""
    client = _name_of(os.geteuid())
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), client, dropped=False)
    try:
        nobody = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and there is no user {UNPRIVILEGED!r} to run it: start Holdout as "
            f"an ordinary user, or {INSTEAD}."
        ) from None
    user = ServerUser(nobody.pw_uid, _own_group(layout.root, nobody.pw_gid), client, dropped=True)
    layout.root.chmod(0o710)
    _let_in(layout.home, user)
    _check_path(layout.root, user)
    return user


def _name_of(uid: int, *, known: bool = True) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        if not known:
            return str(uid)
        raise EmbeddedPostgresError(
            f"The user id {uid} has no name on this system, and PostgreSQL needs one: add a line for it to "
            f"/etc/passwd, or {INSTEAD}."
        ) from None


def _own_group(root: Path, shared: int) -> int:
    """The group number that ``root`` already has, else a free one; it is remembered as the folder's group."""
    stored = root.stat().st_gid
    if stored != 0:
        return stored
    taken = {group.gr_gid for group in grp.getgrall()}
    gid = random.SystemRandom().choice([number for number in PRIVATE_GROUPS if number not in taken])
    try:
        os.chown(root, -1, gid)
    except OSError:  # a container whose user namespace has no such number: the shared group is all there is
        gid = shared
        os.chown(root, -1, gid)
    return gid


def _may_enter(folder: Path, user: ServerUser) -> bool:
    info = folder.stat()
    if info.st_uid == user.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == user.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def _let_in(home: Path, user: ServerUser) -> None:
    """A closed home of root opens to the server's own group, for passing through only."""
    info = home.stat()
    if not _may_enter(home, user) and info.st_uid == 0 and info.st_gid == 0:
        os.chown(home, -1, user.gid)
        home.chmod(stat.S_IMODE(info.st_mode) & ~0o070 | 0o010)


def _check_path(root: Path, user: ServerUser) -> None:
    for folder in [*reversed(root.parents), root]:
        if not _may_enter(folder, user):
            raise EmbeddedPostgresError(
                f"Started by root, the embedded database runs as the user {UNPRIVILEGED!r}, who may not "
                f"enter {folder}: set HOLDOUT_HOME to a folder that can be reached, such as /var/lib/holdout, "
                "or run Holdout as an ordinary user."
            )
