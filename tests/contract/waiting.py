"""How the contract's tests wait: for what must come, with a bound that only a failure reaches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import shoal
from shoal.runtime.deadletters import DeadLetter

PATIENCE_S = 60.0
"""Longer than anything takes on a loaded machine: a wait that ends by it has failed."""


async def eventually(holds: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is true; return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await holds()):  # noqa: ASYNC110 - what is waited for lies in other processes
            await asyncio.sleep(0.02)
    return found


async def for_ever() -> None:
    """Wait until it is cancelled; when nobody does, that is a failure."""
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.Event().wait()


async def letters_to(system: shoal.System, ref: shoal.Ref, at_least: int = 1) -> list[DeadLetter]:
    """The dead letters of an agent, once there are ``at_least`` so many."""

    async def enough() -> list[DeadLetter]:
        found = [letter for letter in await system.dead_letters() if letter.recipient == ref.address]
        return found if len(found) >= at_least else []

    found: list[DeadLetter] = await eventually(enough)
    return found
