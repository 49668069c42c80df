"""Collects chat requests into batches and runs them on one worker thread.

A batch is worth up to nine times the speed of single requests on a CPU, so the worker waits a moment for more.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.engine.bases import Bases
from app.engine.config import EngineConfig
from app.engine.errors import EngineError
from app.engine.ticket import Ticket

if TYPE_CHECKING:
    from app.engine.host import ModelHost

MAX_BATCH = 16
MAX_WAIT = 0.02


class Batcher:
    """The waiting room in front of the model."""

    def __init__(self, config: EngineConfig, bases: Bases, busy: Callable[[], bool]) -> None:
        """``busy`` tells whether a job is training, which leaves serving one thread."""
        self.config, self.bases, self._busy = config, bases, busy
        self._inbox: queue.Queue[Ticket | None] = queue.Queue()
        self._waiting: deque[Ticket] = deque()
        self._host: ModelHost | None = None
        self._thread = threading.Thread(target=self._loop, name="inference", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._inbox.put(None)

    def submit(self, ticket: Ticket) -> None:
        """Queue a request; raises the 429 of a full engine."""
        if self._inbox.qsize() + len(self._waiting) >= self.config.max_waiting:
            raise EngineError("Too many requests are waiting.", status=429, code="rate_limit_exceeded")
        self._inbox.put(ticket)

    def _loop(self) -> None:
        while (batch := self._collect()) is not None:
            try:
                host = self._model_host()
                base = self.bases.ensure(batch[0].target.base)
                folder = batch[0].target.full or base
                host.use(folder, self.bases.context(folder), 1 if self._busy() else self.config.threads)
                host.answer(batch)
            except Exception as error:
                _refuse(batch, error)

    def _model_host(self) -> "ModelHost":
        if self._host is None:
            from app.engine.host import ModelHost  # imports PyTorch: seconds, and only if anyone asks

            self._host = ModelHost(self.config.device)
        return self._host

    def _collect(self) -> list[Ticket] | None:
        """The next batch: the request that has waited longest and those that fit it. None: the engine ends."""
        while not self._waiting:
            ticket = self._inbox.get()
            if ticket is None:
                return None
            if not ticket.abandoned:
                self._waiting.append(ticket)
        deadline = time.monotonic() + MAX_WAIT
        while len(self._waiting) < MAX_BATCH and (left := deadline - time.monotonic()) > 0:
            try:
                ticket = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if ticket is None:
                return None
            self._waiting.append(ticket)
        first = self._waiting.popleft()
        batch, rest = [first], deque[Ticket]()
        for ticket in self._waiting:
            if ticket.abandoned:
                continue
            fits = len(batch) < MAX_BATCH and ticket.can_join(first)
            (batch if fits else rest).append(ticket)
        self._waiting = rest
        return batch


def _refuse(batch: list[Ticket], error: Exception) -> None:
    if not isinstance(error, EngineError):
        error = EngineError(f"The model failed: {type(error).__name__}: {error}", status=500)
    for ticket in batch:
        ticket.send(error)
