"""A fresh, migrated, embedded database for one benchmark; what was there before is not touched."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_database() -> Iterator[tuple[str, Path]]:
    """(its address, a folder to write to), gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="holdout-bench-"))
    home.chmod(0o711)
    os.environ["HOLDOUT_HOME"] = str(home / "home")
    try:
        from app.core.migrate import migrate
        from app.core.postgres import EmbeddedPostgres

        with EmbeddedPostgres(home) as server:
            os.environ["HOLDOUT_DATABASE_URL"] = server.dsn
            migrate(server.dsn)
            yield server.dsn, home
    finally:
        shutil.rmtree(home, ignore_errors=True)
