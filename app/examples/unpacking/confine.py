"""What a process that opens somebody's file may take; set by itself before it opens anything."""

import os
import resource
import signal

from app.core.orphans import die_with_parent

PIECE = 262_144
MEMORY = 420_000_000  # bytes of data; with the libraries' own pages the process stays below 512 MB


def confine(limit: int, cpu_seconds: int) -> None:
    """``limit``: bytes of the largest file that it may write."""
    os.nice(2)
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, limit + PIECE),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    die_with_parent()
