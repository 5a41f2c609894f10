"""shoal's side of the row about recovery: its board is killed, and another process takes the region over."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from shoal.bench.board_sides import BoardSide, fill
from shoal.bench.board_work import MANY, entry_key
from shoal.bench.errors import Miscounted
from shoal.bench.sides import Counts, Outcome, Stage
from shoal.bench.workload import Parcel
from shoal.blackboard.spec import MAIN, address_of
from shoal.runtime.system import System

KILLS = 3
"""In one run, by every side."""
QUIET_S = 3.0
"""Before each, so that what the one before set off is over: a spare process is warm again."""


def kill_counts() -> Counts:
    """As many each time."""
    return Counts.exactly(KILLS)


class BoardRecovery(BoardSide):
    """From SIGKILL of the board's process to the answer of its next one."""

    counts = kill_counts()

    def __init__(self) -> None:
        super().__init__(None)

    async def setup(self, stage: Stage) -> None:
        """As ever."""
        self._observe = stage.observe
        await super().setup(stage)

    async def hire(self, system: System) -> None:
        """Fill the region."""
        await fill(self.board, MANY)

    async def run(self, count: int) -> Outcome:
        """Kill it ``count`` times; nothing may be missing afterwards."""
        latencies_s = []
        for number in range(count):
            await asyncio.sleep(QUIET_S)
            pid = (await self.system.processes())[address_of(MAIN)]
            self._observe()
            begun = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            entry = await self.board.get(entry_key(number), Parcel)
            latencies_s.append(time.perf_counter() - begun)
            kept = (await self.board.status()).keys
            if entry is None or kept != MANY or (await self.system.processes())[address_of(MAIN)] == pid:
                raise Miscounted(f"{kept:,} of {MANY:,} entries are there after a kill")
        return Outcome(done=len(latencies_s), latencies_s=latencies_s)
