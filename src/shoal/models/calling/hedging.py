"""Asks a second time when the first token is late, and takes the answer whose first token comes first.

After Dean and Barroso, "The Tail at Scale" (CACM 2013): hedged requests. The time runs from the moment that the first
request is sent: who waits for leave is not helped by a second one. The loser is cancelled, and its end awaited, before
the winner's answer is given, so that nothing of it is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Signals:
    """What an attempt tells while it is made."""

    def sent(self) -> None:
        """The request is being sent."""

    def token(self) -> None:
        """The first token is there."""


Leg = Callable[[Signals], Coroutine[Any, Any, T]]
"""Makes one attempt."""


class _Told(Signals):
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.was_sent: asyncio.Future[None] = loop.create_future()
        self.has_token: asyncio.Future[None] = loop.create_future()

    def sent(self) -> None:
        if not self.was_sent.done():
            self.was_sent.set_result(None)

    def token(self) -> None:
        if not self.has_token.done():
            self.has_token.set_result(None)


async def hedged(leg: Leg[T], after_s: float, sleep: Callable[[float], Awaitable[None]]) -> T:
    """The answer of the attempt that begins to answer first. An attempt that fails leaves it to the other; when both
    fail, the error is the first one's. Until ``after_s`` after it was sent there is only the first."""
    told = _Told(), _Told()
    first = asyncio.ensure_future(leg(told[0]))
    timer = asyncio.ensure_future(_sleep_after(told[0].was_sent, after_s, sleep))
    legs = [first]
    try:
        events: set[asyncio.Future[Any]] = {first, timer, told[0].has_token}
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if first.done() or told[0].has_token.done():
            return await first
        legs.append(asyncio.ensure_future(leg(told[1])))
        winner = await _race(legs, told)
        await _stop([task for task in legs if task is not winner])
        return await winner
    finally:
        await _stop([timer, *legs])


async def _sleep_after(
    sent: asyncio.Future[None], after_s: float, sleep: Callable[[float], Awaitable[None]]
) -> None:
    await asyncio.wait([sent])
    await sleep(after_s)


async def _race(legs: list[asyncio.Task[T]], told: tuple[_Told, _Told]) -> asyncio.Task[T]:
    """The one that answers first; of those that all failed, the first that was started."""
    while True:
        for task, signals in zip(legs, told, strict=True):
            if _succeeded(task) or (signals.has_token.done() and not task.done()):
                return task
        running = {place for place, task in enumerate(legs) if not task.done()}
        if not running:
            return legs[0]
        waiting: set[asyncio.Future[Any]] = {legs[place] for place in running}
        waiting |= {told[place].has_token for place in running}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


def _succeeded(task: asyncio.Task[T]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _stop(tasks: list[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
