"""The data directory: made once, opened by one major version, configured anew at every start."""

import os
import shutil
from pathlib import Path

from app.core.postgres.binaries import Binaries
from app.core.postgres.errors import EmbeddedPostgresError
from app.core.postgres.identity import ServerUser
from app.core.postgres.layout import APP_ROLE, OWNER_ROLE, PORT, SUPERUSER, Layout
from app.core.postgres.process import run

MAP = "holdout"
MAX_LOG_BYTES = 1_000_000


def ensure_cluster(layout: Layout, binaries: Binaries, user: ServerUser, *, durable: bool) -> None:
    if layout.data.exists():
        _check_version(layout.data, binaries)
        return
    fresh = layout.root / "data.new"  # renamed when whole: an interrupted initdb leaves nothing that looks usable
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if user.dropped:
        os.chown(fresh, user.uid, user.gid)
    # The builtin provider sorts and folds the same on every machine. pg_trgm still asks the C library what a
    # letter is, and with the plain C locale it would skip every letter beyond ASCII.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--lc-ctype=C.UTF-8"]
    command = [str(binaries.program("initdb")), "-D", str(fresh), "-U", SUPERUSER, "--encoding=UTF8", *locale]
    run([*command, "--auth=peer", *([] if durable else ["--no-sync"])], user, layout.root)
    os.rename(fresh, layout.data)
    _sync_folder(layout.root)


def server_command(
    layout: Layout, binaries: Binaries, user: ServerUser, socket_folder: Path, *, durable: bool
) -> list[str]:
    """Every setting is given here, so that none depends on the version that made the data directory."""
    on = "on" if durable else "off"
    settings = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": socket_folder,
        "unix_socket_permissions": "0700",
        "hba_file": _write(layout.root / "pg_hba.conf", _access(), user),
        "ident_file": _write(layout.root / "pg_ident.conf", _identities(user), user),
        "shared_buffers": f"{_buffers()}MB" if durable else "128MB",
        "max_connections": 200,  # a web process takes up to 40, a worker up to 45
        "fsync": on,
        "synchronous_commit": on,
        "full_page_writes": on,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "max_logical_replication_workers": 0,
        "jit": "off",
        "logging_collector": "off",
        "log_checkpoints": "off",
        # Examples and model outputs are people's data: neither statements nor row values go to the log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
    command = [str(binaries.program("postgres")), "-D", str(layout.data)]
    return [*command, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]


def _buffers() -> int:
    """Megabytes: an eighth of the machine's memory, as pages of a large project lie all over the table. It is taken as
    it is used."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return min(max(memory // 8, 128), 1024)


def shorten_log(log: Path) -> int:
    """Keep one older log beside the present one; answers where the next lines will begin."""
    if not log.exists():
        return 0
    size = log.stat().st_size
    if size <= MAX_LOG_BYTES:
        return size
    os.replace(log, log.with_suffix(".log.1"))
    return 0


def _access() -> str:
    """Over the socket only, and only for the user whom the map below names: the kernel says who connects."""
    return f"local all {SUPERUSER},{OWNER_ROLE},{APP_ROLE} peer map={MAP}\n"


def _identities(user: ServerUser) -> str:
    return "".join(f'{MAP} "{user.client}" {role}\n' for role in (SUPERUSER, OWNER_ROLE, APP_ROLE))


def _write(path: Path, text: str, user: ServerUser) -> Path:
    path.write_text(text)
    if user.dropped:
        os.chown(path, 0, user.gid)
    path.chmod(0o640)
    return path


def _check_version(data: Path, binaries: Binaries) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != binaries.major:
        raise EmbeddedPostgresError(
            f"{data} was made by PostgreSQL {made_by}, and this Holdout brings {binaries.major}. The way out: dump the "
            f"database with the Holdout that made it, move {data} aside and load the dump with this one, by the "
            "commands in docs/decisions/embedded-postgres.md; or set HOLDOUT_DATABASE_URL to a PostgreSQL "
            f"{made_by} that serves it."
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
