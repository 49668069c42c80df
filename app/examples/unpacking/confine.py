"""What a process that opens somebody's file may take; set by itself before it opens anything."""

import os
import resource
import signal

from app.core.orphans import die_with_parent

PIECE = 262_144
MEMORY = 420_000_000  # bytes of data; with the libraries' own pages the process stays below 512 MB
# of the process that reads lines: two batches of 8 MB and a line of 4 MB as Python's objects, twenty times their size
READING_MEMORY = 640_000_000
NO_MEMORY = 77  # exit status of that process where it cannot even say so
# or as it ends where a library in C does not ask whether it was given the memory that it wanted
OUT_OF_MEMORY = (NO_MEMORY, -signal.SIGSEGV, -signal.SIGABRT)


def confine(limit: int, cpu_seconds: int) -> None:
    """``limit``: bytes of the largest file that it may write."""
    os.nice(2)
    os.umask(0o077)
    cap_memory(MEMORY)
    for what, most in ((resource.RLIMIT_FSIZE, limit + PIECE), (resource.RLIMIT_CPU, cpu_seconds)):
        resource.setrlimit(what, (most, most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    die_with_parent()


def cap_memory(most: int) -> None:
    """``most`` bytes of data. Beyond them Python raises MemoryError; no image of the memory is ever written."""
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
