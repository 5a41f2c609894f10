"""A limiter without a system, that can be killed at any moment, and the links of processes to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from shoal.actors.limits.limiter import Limiter, LimiterOpening
from shoal.actors.limits.link import LimiterLink
from shoal.actors.limits.requests import Ask, Request, pack_request, read_answer
from shoal.actors.limits.spec import LimitsSpec
from shoal.actors.limits.status import LimitsStatus
from shoal.runtime.durable.errors import Fenced
from shoal.runtime.errors import AgentDied
from shoal.runtime.incarnation import make_incarnation


class _Process:
    """What the limiter sees of the runtime: it is no context of a running system."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.gave_up: list[Fenced] = []

    def directory(self) -> Path:
        return self._directory

    def fenced(self, error: Fenced) -> None:
        self.gave_up.append(error)


def _process(directory: Path) -> Any:
    return _Process(directory)


class LimiterStand:
    """One limiter after the other on the same directory. ``clock`` is what they go by."""

    def __init__(self, directory: Path, spec: LimitsSpec) -> None:
        self.directory = directory
        self.spec = spec
        self.now = 1000.0
        self.messages = 0
        self.down = False
        self.session = "s"
        self._asked: set[asyncio.Task[bytes]] = set()
        self._links: list[LimiterLink] = []

    async def start(self) -> Limiter:
        """Start one; the one before, if it lives, goes on."""
        self.down = False
        self.process = _process(self.directory)
        self.limiter = Limiter(LimiterOpening(self.spec, self.session), lambda: self.now)
        await self.limiter.on_start(self.process)
        return self.limiter

    def kill(self) -> None:
        """As kill -9 does it: what was not answered never will be."""
        self.down = True
        if self.limiter._timer is not None:
            self.limiter._timer.cancel()
        if self.limiter._serving is not None:
            self.limiter._serving.cancel()
        for task in self._asked:
            task.cancel()

    async def stop(self) -> None:
        """In order: links first, or what lingers there would come after it."""
        for link in self._links:
            link.close()
        self.limiter.stopping()
        await self.limiter.on_stop(self.process, "the test is over")

    async def send(self, message: bytes, limit_s: float) -> bytes:
        """Ask the one that there is."""
        self.messages += 1
        if self.down:
            raise AgentDied("the limiter is dead")
        task = asyncio.ensure_future(self.limiter.on_request(message, self.process))
        self._asked.add(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise AgentDied("the limiter died") from None
            raise
        finally:
            self._asked.discard(task)

    def link(self, host: str = "host", generation: int = 1) -> LimiterLink:
        """The link of a new process."""
        self._links.append(LimiterLink(self.send, make_incarnation(host, generation).hex()))
        return self._links[-1]

    async def status(self) -> LimitsStatus:
        """How the limits are."""
        answer = read_answer(await self.send(pack_request(Request(Ask.STATUS, "", 0)), 1.0))
        return LimitsStatus.model_validate_json(answer.status)
