"""What was worked out a moment ago, kept by this process for a short time: figures that may be a little old."""

import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most ``most`` values, each for ``seconds``; the oldest give way."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        until, value = self._kept.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def put(self, key: K, value: V) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (time.monotonic() + self._seconds, value)
        for oldest in list(self._kept)[: max(len(self._kept) - self._most, 0)]:
            self._kept.pop(oldest, None)
