"""Told to stop: long jobs hear of SIGTERM at once, and end in their own way before they would be cut off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_told: list[Callable[[], None]] = []


@contextmanager
def when_stopping(callback: Callable[[], None]) -> Iterator[None]:
    """``callback`` is called, on the worker's loop, when the worker is told to stop while this is open."""
    _told.append(callback)
    try:
        yield
    finally:
        _told.remove(callback)


def tell_jobs() -> None:
    for callback in list(_told):
        callback()
