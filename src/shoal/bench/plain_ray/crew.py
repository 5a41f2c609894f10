"""Starting and stopping the actors of a plain side."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from typing import Any

import psutil
import ray

GONE_WITHIN_S = 20.0
"""How long killed processes may take to end; Ray ends one in some 50 ms on a quiet machine."""


class CrewMember:
    """Base of the actors: says which process it is once it runs."""

    async def ready(self) -> int:
        """The process id."""
        return os.getpid()


class Crew:
    """Some actors of one class, a process each."""

    def __init__(self) -> None:
        self.members: list[Any] = []
        self._pids: list[int] = []

    async def hire(self, kind: type[CrewMember], count: int = 1) -> Sequence[Any]:
        """Start ``count`` actors, wait until each has answered, and return their handles."""
        started = self.start(kind, count)
        self.remember(await asyncio.gather(*[member.ready.remote() for member in started]))
        return started

    def start(self, kind: type[CrewMember], count: int) -> list[Any]:
        """Ask Ray for ``count`` actors without waiting for them."""
        actor = ray.remote(kind)
        started = [actor.options(num_cpus=0).remote() for _ in range(count)]
        self.members.extend(started)
        return started

    def remember(self, pids: Sequence[int]) -> None:
        """Which processes have to be gone after :meth:`dismiss`."""
        self._pids.extend(pids)

    async def dismiss(self) -> None:
        """Kill all actors and wait until their processes are gone, so that their end is in nobody's time."""
        for member in self.members:
            ray.kill(member)
        deadline = time.monotonic() + GONE_WITHIN_S
        # Nothing tells a process that another one, not its child, is gone: only looking does.
        while any(map(psutil.pid_exists, self._pids)) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self.members.clear()
        self._pids.clear()
