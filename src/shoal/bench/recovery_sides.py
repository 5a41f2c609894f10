"""shoal's sides of the rows about death and durability: restart, redelivery, durable state.

The client kills with SIGKILL, as the kernel does when memory runs out, and the clock runs from the kill to the first
message that is handled afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from shoal.actors.agent import Agent
from shoal.bench.errors import Miscounted
from shoal.bench.shoal_sides import ShoalTell, _ShoalSide
from shoal.bench.sides import Counts, Outcome, SideFactory, Stage
from shoal.bench.workload import Parcel, parcel
from shoal.runtime.context import Context
from shoal.runtime.starting import start
from shoal.runtime.system import System

KILLS = 8
"""Kills in one run, each after the one before is over and a spare (where there are any) is warm again."""
QUIET_S = 3.0
QUEUED = 10_000


class Mortal(Agent):
    """Says which process it is."""

    async def on_parcel(self, message: Parcel, ctx: Context) -> int:
        """Handle one."""
        return os.getpid()


class ShoalRestart(_ShoalSide):
    """SIGKILL to first message handled."""

    counts = Counts.exactly(KILLS)

    def __init__(self, spares: int) -> None:
        super().__init__(None)
        self._spares = spares

    async def setup(self, stage: Stage) -> None:
        """One agent, and a warm spare where there is to be one."""
        self._observe = stage.observe
        self._system = await start(None, spares=self._spares)
        self._mortal = await self._system.spawn(Mortal, name="mortal", intensity=10_000)
        self._pid: int = await self._mortal.ask(parcel(0))

    async def run(self, count: int) -> Outcome:
        """Kill it ``count`` times; each latency is from the kill to the answer of the next incarnation."""
        latencies_s = []
        for number in range(count):
            await asyncio.sleep(QUIET_S)
            self._observe()
            begun = time.perf_counter()
            os.kill(self._pid, signal.SIGKILL)
            pid: int = await self._mortal.ask(parcel(number))
            latencies_s.append(time.perf_counter() - begun)
            if pid == self._pid:
                raise Miscounted(f"process {pid} answered after it was killed")
            self._pid = pid
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)


class Slow(Agent):
    """Handles nothing before it is let to; says how many it has handled since it started."""

    mailbox = QUEUED

    async def on_start(self, ctx: Context) -> None:
        """Begin with nothing."""
        self._handled = 0
        self._open = asyncio.Event()
        if ctx._cell.host.generation > 1:
            self._open.set()

    async def on_parcel(self, message: Parcel, ctx: Context) -> None:
        """Handle one; the first incarnation waits for its end in it."""
        await self._open.wait()
        self._handled += 1

    async def on_count(self, question: int, ctx: Context) -> list[int]:
        """The process, and how many it has handled."""
        return [os.getpid(), self._handled]


class ShoalRedelivery(_ShoalSide):
    """10,000 messages wait in a mailbox when its process is killed."""

    counts = Counts.exactly(QUEUED)

    def __init__(self) -> None:
        super().__init__(None)

    async def setup(self, stage: Stage) -> None:
        """The agent, with all messages in its mailbox."""
        self._system = await start(None)
        self._slow = await self._system.spawn(Slow, name="slow")
        for number in range(QUEUED):
            await self._slow.tell(parcel(number))
        self._pid = (await self._system.health(self._slow))[0]["pid"]
        while (await self._system.health(self._slow))[0]["waiting"] < QUEUED - 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # what is waited for lies in another process

    async def run(self, count: int) -> Outcome:
        """Kill it; the count comes behind all that is redelivered."""
        os.kill(self._pid, signal.SIGKILL)
        _, handled = await self._slow.ask(0)
        return Outcome(done=handled)


class Tally(BaseModel):
    """The state of the durable counter."""

    handled: int = 0


class DurableCounter(Agent):
    """Counts parcels, durably."""

    durable = True
    state: Tally

    async def on_parcel(self, message: Parcel, ctx: Context) -> None:
        """Handle one."""
        if message.number >= 0:
            self.state.handled += 1

    async def on_count(self, question: int, ctx: Context) -> int:
        """How many were handled."""
        return self.state.handled


class ShoalDurableTell(ShoalTell):
    """Tells to an agent whose state is on disk before a message is acknowledged."""

    async def setup(self, stage: Stage) -> None:
        """The system, in a directory of its own."""
        self._runs = tempfile.TemporaryDirectory(prefix="shoal-bench-")
        options: dict[str, Any] = {"run_dir": self._runs.name}
        self._system = await start(self._target, **options)
        await self.hire(self._system)

    async def hire(self, system: System) -> None:
        """One receiver."""
        self._receiver = await system.spawn(DurableCounter, name="durable")
        await self._receiver.ask(0)

    async def teardown(self) -> None:
        """Stop it, and remove what it wrote."""
        await super().teardown()
        self._runs.cleanup()


RECOVERY: Mapping[str, SideFactory] = {
    "restart": lambda: ShoalRestart(spares=1),
    "redeliver": ShoalRedelivery,
    "durable": lambda: ShoalDurableTell(None),
}
"""As shoal is out of the box, by row."""

RECOVERY_LOCAL: Mapping[str, SideFactory] = {"durable": lambda: ShoalDurableTell("local")}
"""In this process, by row."""

COLD: Mapping[str, SideFactory] = {"restart": lambda: ShoalRestart(spares=0)}
"""Without warm spares, by row."""
