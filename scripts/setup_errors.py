"""Turn what pip, uv and venv print when they fail into one line that says what to do."""

import os
import re
from pathlib import Path

FULL = re.compile(r"No space left on device|os error 28|Errno 28|Disk quota exceeded", re.I)
DENIED = re.compile(r"Permission denied|os error 13|Errno 13|Read-only file system", re.I)
CHECKSUM = re.compile(r"DO NOT MATCH THE HASHES|Hash mismatch", re.I)
NETWORK = re.compile(
    r"Retrying \(|name resolution|dns error|NewConnectionError|Connection (refused|reset|aborted)|timed? ?out"
    r"|Failed to fetch|ProxyError|SSLError|CERTIFICATE_VERIFY|error sending request|Network is unreachable",
    re.I,
)
COMPILER = re.compile(
    r"unable to execute|command '\S*(gcc|cc|g\+\+|clang)\S*' failed|linker `\w+` not found|No such file.*'(gcc|cc)'"
    r"|Failed to build|Failed building wheel|rustc|cargo|CMAKE_C_COMPILER|Unknown compiler",
    re.I,
)
NO_PACKAGE = re.compile(
    r"No matching distribution found for (\S+)|no wheels? .*?for `?([\w-]+)|No solution found", re.I
)


class SetupError(Exception):
    """One line for a person. ``final``: another tool would fail in the same way."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


def explain(output: str, root: Path, log: Path | None) -> SetupError:
    more = f" All of the output is in {log}." if log else ""
    if FULL.search(output):
        return SetupError(
            f"The disk is full: the core needs about 0.5 GB under {root}, the engine 1.7 GB more (5 GB with CUDA), and "
            "pip needs room for the downloads in its temporary folder (TMPDIR).",
            final=True,
        )
    if DENIED.search(output):
        return SetupError(
            f"{root} has files that are not yours to change: run this as the user who owns them, or clone the "
            f"repository for yourself.{_first_path(output)}",
            final=True,
        )
    if CHECKSUM.search(output):
        return SetupError(
            f"A downloaded package does not match its checksum in the lock file: do not use it.{more}", final=True
        )
    if NETWORK.search(output):
        return SetupError(
            f"Packages could not be fetched: check the network, and the index and proxy settings of pip.{more}"
        )
    if COMPILER.search(output):
        return SetupError(
            "A package has no ready-made build for this Python and machine, and there is no working compiler to make "
            f"one: apt install build-essential python3-dev, or use Python 3.11 to 3.13 (make run PYTHON=…).{more}"
        )
    if found := NO_PACKAGE.search(output):
        name = next(filter(None, found.groups()), "one of the packages")
        return SetupError(
            f"There is no {name} for this Python and machine: use Python 3.11 to 3.13 (make run PYTHON=…).{more}"
        )
    last = ([line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"])[-1]
    return SetupError(f"Setting up failed: {last}{more}")


def _first_path(output: str) -> str:
    found = re.search(r"/[^\s'\"`:]+", output)
    return f" The first one: {found.group()} (you are user id {os.geteuid()})." if found else ""
