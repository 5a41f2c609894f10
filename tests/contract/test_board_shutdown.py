"""A system that is shut down does not wait for those who wait on its boards."""

from __future__ import annotations

import asyncio

import shoal
from shoal.errors import BoardUnavailable


class Worker(shoal.Agent):
    """Waits for work for ever."""

    async def on_prefix(self, message: str, ctx: shoal.Context) -> None:
        async with ctx.board.claim(prefix=message, wait_s=None):
            pass


async def test_agents_that_wait_for_work_are_let_go_before_they_are_stopped() -> None:
    system = await shoal.start("local", stop_grace_s=60.0)
    board = await system.board().open()
    workers = [await system.spawn(Worker) for _ in range(3)]
    waiting = [asyncio.create_task(worker.ask("none/", timeout_s=600)) for worker in workers]
    while (await board.status()).claimers < 3:  # noqa: ASYNC110 - they are on their way
        await asyncio.sleep(0)
    async with asyncio.timeout(30):  # far less than one grace
        await system.shutdown()
    for one in waiting:
        error = (await asyncio.gather(one, return_exceptions=True))[0]
        assert "is being stopped" in str(error)
    assert BoardUnavailable.__name__ in str(error)
