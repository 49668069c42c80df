"""Many small writes, few commits: callers of one moment share a transaction, and each waits until it is committed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
WAIT_SECONDS = 0.004  # at most this long, plus the commit before it, does a caller wait for company
MAX_BATCH = 512


class GroupCommit(Generic[Item, Result]):
    """``write`` takes a batch and answers one result for each item, in order; one batch is written at a time.

    When a write fails, its callers and all that still wait get the exception, and the group is of no more use.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._write, self._wait_seconds = write, wait_seconds
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def add(self, item: Item) -> Result:
        """Returns when the item is committed. A caller that is cancelled leaves its item to be written."""
        if self._failure:
            raise self._failure
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await future

    async def flush(self) -> None:
        """Wait until nothing waits any more."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._wait_seconds)
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    results = await self._write([item for item, _ in batch])
                except Exception as error:
                    self._fail([*batch, *self._waiting], error)
                    return
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)
        finally:
            self._writer = None

    def _fail(self, unwritten: Sequence[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
        self._failure, self._waiting = error, []
        for _, future in unwritten:
            if not future.done():
                future.set_exception(error)
