"""Restart after SIGKILL by Ray itself: ``max_restarts`` brings the actor back, ``max_task_retries`` the call.

Tried (ms from the kill to the answer, medians of 8): a call made at once, which Ray retries, and calls of ours in a
loop until one succeeds: the same within the noise, since both wait for the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import Any

import ray

from shoal.bench.errors import Miscounted
from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.recovery_sides import KILLS, QUIET_S
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Parcel, parcel


class Mortal(CrewMember):
    """Says which process it is."""

    async def ask(self, packed: bytes) -> int:
        """Handle one parcel."""
        unpack(Parcel, packed)
        return os.getpid()


class PlainRestart(Side):
    """SIGKILL to first message handled."""

    counts = Counts.exactly(KILLS)

    def __init__(self) -> None:
        self._crew = Crew()

    async def setup(self, stage: Stage) -> None:
        """One actor that Ray restarts as often as needed."""
        self._observe = stage.observe
        actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Mortal)
        self._mortal: Any = actor.remote()
        self._crew.members.append(self._mortal)
        self._pid: int = await self._mortal.ask.remote(pack(parcel(0)))

    async def run(self, count: int) -> Outcome:
        """Kill it ``count`` times; each latency is from the kill to the answer of the next incarnation."""
        latencies_s = []
        for number in range(count):
            await asyncio.sleep(QUIET_S)
            self._observe()
            begun = time.perf_counter()
            os.kill(self._pid, signal.SIGKILL)
            pid: int = await self._mortal.ask.remote(pack(parcel(number)))
            latencies_s.append(time.perf_counter() - begun)
            if pid == self._pid:
                raise Miscounted(f"process {pid} answered after it was killed")
            self._pid = pid
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)

    async def teardown(self) -> None:
        """End it."""
        self._crew.remember([self._pid])
        await self._crew.dismiss()
