"""Reading ahead of the database: the next batch is checked and written out while the one before is stored.

A long file is read in a process of its own: in a thread, reading would hold up the one that talks to the database
each time that it wants to go on.
"""

import fcntl
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from app.examples.reading import Batch, Reading
from app.examples.unpacking.confine import OUT_OF_MEMORY, READING_MEMORY
from app.examples.unpacking.kinds import TOO_MUCH, Unreadable
from app.examples.unpacking.parent import environment

OWN_PROCESS_BYTES = 4_000_000  # what is shorter is read before a process has started
PIPE_BYTES = 1 << 20  # about a batch: what an ordinary user may ask of Linux


def ahead(reading: Reading) -> Iterator[Batch]:
    """The batches of ``reading``, the next one always under way. Raises what reading raises."""
    if is_long(reading):
        yield from _in_a_process(reading)
    else:
        yield from _in_a_thread(reading)


def is_long(reading: Reading) -> bool:
    return reading.path.stat().st_size - reading.start.bytes >= OWN_PROCESS_BYTES


def _in_a_thread(reading: Reading) -> Iterator[Batch]:
    batches = reading.batches()
    with ThreadPoolExecutor(1, "read-ahead") as pool:
        waiting = pool.submit(next, batches, None)
        while batch := waiting.result():
            waiting = pool.submit(next, batches, None)
            yield batch


def _in_a_process(reading: Reading) -> Iterator[Batch]:
    command, pipe = [sys.executable, "-m", "app.examples.reading_child"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(), cwd="/") as child:  # noqa: S603
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the reading process has no pipes")
        try:
            _widen(child.stdout.fileno())
            pickle.dump((os.getpid(), READING_MEMORY, reading), child.stdin)
            child.stdin.close()
            while (answer := pickle.load(child.stdout)) is not None:  # noqa: S301 (our own process, our own classes)
                if isinstance(answer, Exception):
                    raise answer
                yield answer
        except (EOFError, pickle.UnpicklingError) as error:
            if child.wait() in OUT_OF_MEMORY:
                raise Unreadable(TOO_MUCH) from error
            raise
        finally:
            child.kill()


def _widen(descriptor: int) -> None:
    """Let the pipe hold a batch, so that the next one is begun while the last one waits. Where the system allows it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (OSError, AttributeError):
        return
