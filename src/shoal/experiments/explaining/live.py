"""Traces of a run on their way to a collector while it runs: a look at the journal every few seconds, in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

from shoal.experiments.explaining.following import Exporter, Follower
from shoal.runtime.errors import ShoalError

_log = logging.getLogger("shoal.otel")
_EVERY_S = 2.0
_LAST_S = 30.0
"""For what is left when the block is left: a collector that hangs does not hold up the end of a run."""


@contextlib.asynccontextmanager
async def traces_exported(
    run: Path, exporter: Exporter, *, ended_after: float = 0.0, every_s: float = _EVERY_S
) -> AsyncIterator[Follower]:
    """In this block what ends in a run is exported, and the rest when it is left.

    ``run``: its directory. ``ended_after``: as of :class:`Follower`. A collector that takes nothing costs the run
    nothing: it is logged once, and tried again. Raises ``RunNotFound`` and ``StoreError`` when it begins, and nothing
    later.
    """
    follower = Follower(run, exporter, ended_after=ended_after)
    following = asyncio.create_task(_follow(follower, every_s))
    try:
        yield follower
    finally:
        following.cancel()
        # A thread cannot be cancelled: the one that reads now must be done before another may read.
        await asyncio.gather(following, return_exceptions=True)
        await _end(follower)


async def _follow(follower: Follower, every_s: float) -> None:
    troubled = False
    while True:
        await asyncio.sleep(every_s)
        looking = asyncio.ensure_future(asyncio.to_thread(follower.poll, time.time()))
        try:
            await asyncio.shield(looking)
            troubled = False
        except asyncio.CancelledError:
            await asyncio.gather(looking, return_exceptions=True)
            raise
        except ShoalError as error:
            if not troubled:
                _log.warning("traces are kept and sent later: %s", error)
            troubled = True


async def _end(follower: Follower) -> None:
    closing = asyncio.ensure_future(asyncio.to_thread(follower.close))
    try:
        async with asyncio.timeout(_LAST_S):
            await asyncio.shield(closing)
    except TimeoutError:
        _log.warning(
            "the collector is slow, and the last traces may be missing: `shoal trace --otlp` sends them"
        )
    except ShoalError as error:
        _log.warning("the last traces were not sent: %s; `shoal trace --otlp` sends them", error)
