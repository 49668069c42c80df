import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty HOLDOUT_HOME. Not ``tmp_path``: pytest closes the folders above it, and as root the server is nobody."""
    folder = Path(tempfile.mkdtemp(prefix="holdout-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def serving(home: Path) -> Callable[[], list[int]]:
    """The processes of the server whose data lie under ``home``, by their working directory."""

    def find() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    where = os.readlink(entry / "cwd")
                except OSError:
                    continue
                if where.startswith(str(home.resolve())):
                    found.append(int(entry.name))
        return found

    return find
