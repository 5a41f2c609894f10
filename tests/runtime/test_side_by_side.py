"""Several tasks, one failure."""

from __future__ import annotations

import asyncio

import pytest

from shoal.runtime.side_by_side import side_by_side


async def fail(error: Exception) -> None:
    raise error


async def test_the_first_failure_is_raised_as_it_is_and_the_others_are_cancelled() -> None:
    others: list[asyncio.Task[bool]] = []

    async def work() -> None:
        async with side_by_side() as group:
            others.extend(group.create_task(asyncio.Event().wait()) for _ in range(2))
            group.create_task(fail(KeyError("first")))

    with pytest.raises(KeyError, match="first"):
        await work()
    assert [other.cancelled() for other in others] == [True, True]


async def test_what_the_block_itself_raises_is_raised_as_it_is() -> None:
    async def work() -> None:
        async with side_by_side() as group:
            group.create_task(asyncio.Event().wait())
            await fail(ValueError("own"))

    with pytest.raises(ValueError, match="own"):
        await work()


async def test_a_limit_of_time_around_it_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), side_by_side() as group:
            group.create_task(asyncio.Event().wait())


async def test_cancelled_from_outside_it_is_cancelled() -> None:
    async def work() -> None:
        async with side_by_side() as group:
            group.create_task(asyncio.Event().wait())

    doing = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
