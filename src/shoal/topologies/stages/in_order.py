"""Keeps items in the order in which they came, stage by stage, whoever is faster."""

from __future__ import annotations

import asyncio
from functools import partial


class Place:
    """One item's place in the order."""

    def __init__(self, before: Place | None, stages: int) -> None:
        self._before = before
        loop = asyncio.get_running_loop()
        self._left = [loop.create_future() for _ in range(stages)]

    async def leave(self, stage: int) -> None:
        """Wait until the item before has left this stage, and leave it."""
        if self._before is not None:
            await asyncio.shield(self._before._left[stage])
        self._went(stage)

    def gone(self) -> None:
        """It is done with all stages, however it ended: who comes after waits for those before it in its place."""
        before, self._before = self._before, None  # or the whole order would be kept in memory
        for stage in range(len(self._left)):
            if before is None or before._left[stage].done():
                self._went(stage)
            else:
                before._left[stage].add_done_callback(partial(self._after, stage))

    def _after(self, stage: int, _: asyncio.Future[None]) -> None:
        self._went(stage)

    def _went(self, stage: int) -> None:
        if not self._left[stage].done():
            self._left[stage].set_result(None)


class InOrder:
    """The order of one pipeline's items."""

    def __init__(self, stages: int) -> None:
        self._stages = stages
        self._last: Place | None = None

    def enter(self) -> Place:
        """The place of an item that comes now."""
        self._last = Place(self._last, self._stages)
        return self._last
