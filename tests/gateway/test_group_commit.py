"""Callers of one moment share a commit, each waits for it, and a failed commit reaches everyone."""

import asyncio
from collections.abc import Sequence

import pytest

from app.gateway.group_commit import GroupCommit


def test_callers_of_one_moment_share_a_commit() -> None:
    batches: list[list[int]] = []

    async def write(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await asyncio.sleep(0.01)
        return [item * 2 for item in items]

    async def callers() -> list[int]:
        group: GroupCommit[int, int] = GroupCommit(write)
        first = [asyncio.create_task(group.add(number)) for number in range(5)]
        await asyncio.sleep(0.008)  # the first five are being written
        second = [asyncio.create_task(group.add(number)) for number in range(5, 8)]
        return list(await asyncio.gather(*first, *second))

    assert asyncio.run(callers()) == [number * 2 for number in range(8)]
    assert batches == [[0, 1, 2, 3, 4], [5, 6, 7]]


def test_nobody_hears_of_success_before_the_commit() -> None:
    committed: list[int] = []

    async def write(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0.02)
        committed.extend(items)
        return list(items)

    async def caller() -> None:
        group: GroupCommit[int, int] = GroupCommit(write)
        await group.add(1)
        assert committed == [1]

    asyncio.run(caller())


def test_a_caller_that_is_cancelled_leaves_its_item_to_be_written() -> None:
    written: list[int] = []

    async def write(items: Sequence[int]) -> list[int]:
        written.extend(items)
        return list(items)

    async def caller() -> None:
        group: GroupCommit[int, int] = GroupCommit(write)
        waiting = asyncio.create_task(group.add(1))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await group.add(2) == 2

    asyncio.run(caller())
    assert written == [1, 2]


def test_a_failed_commit_reaches_all_who_wait_and_all_who_come() -> None:
    async def write(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0.01)
        raise ConnectionError("the database is away")

    async def callers() -> None:
        group: GroupCommit[int, int] = GroupCommit(write)
        first = asyncio.create_task(group.add(1))
        await asyncio.sleep(0.008)
        second = asyncio.create_task(group.add(2))
        for waiting in (first, second):
            with pytest.raises(ConnectionError):
                await waiting
        with pytest.raises(ConnectionError):
            await group.add(3)
        await group.flush()

    asyncio.run(callers())
