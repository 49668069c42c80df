"""Told to stop: long jobs hear of SIGTERM at once, and end in their own way before they would be cut off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_told: list[Callable[[], None]] = []
_stopping = False


@contextmanager
def when_stopping(callback: Callable[[], None]) -> Iterator[None]:
    """``callback`` is called, on the worker's loop, when the worker is told to stop while this is open.

    At once where that was before: a job that waited for another to let go must not begin anew then.
    """
    if _stopping:
        callback()
    _told.append(callback)
    try:
        yield
    finally:
        _told.remove(callback)


def tell_jobs() -> None:
    """For good: a process that is told to stop starts nothing more."""
    global _stopping
    _stopping = True
    for callback in list(_told):
        callback()
