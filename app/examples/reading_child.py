"""The process that reads a long file: ``python -m app.examples.reading_child``.

It is told what to read on its standard input, and answers batches on its standard output, each as it was pickled, at
the end None, or the error that ended the reading. The pipe holds it back when nobody takes what it has read. Its memory
is capped: a file can end the reading, never the machine.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import BinaryIO

from app.core.orphans import die_with_parent
from app.examples.reading import Batch, Reading
from app.examples.unpacking.confine import NO_MEMORY, cap_memory
from app.examples.unpacking.kinds import TOO_MUCH, Unreadable


def main(asked: BinaryIO, answers: BinaryIO) -> None:
    parent, memory, reading = pickle.load(asked)  # noqa: S301 (from the process that started this one)
    die_with_parent(parent)
    cap_memory(memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker ends it, in its own time
    try:
        for answer in _answers(reading):
            pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
    except MemoryError:
        os._exit(NO_MEMORY)


def _answers(reading: Reading) -> Iterator[Batch | Exception | None]:
    try:
        yield from reading.batches()
        yield None
    except (Unreadable, OSError) as error:
        yield error
    except MemoryError:
        yield Unreadable(TOO_MUCH)
    except Exception:
        yield RuntimeError(traceback.format_exc())


if __name__ == "__main__":
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints does not write into the answers
        main(sys.stdin.buffer, out)
