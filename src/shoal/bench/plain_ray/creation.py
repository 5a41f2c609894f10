"""Creating agents: actors are started together, and each has answered its first message.

An actor is a process, and starting one costs some 0.8 s of CPU, most of it imports: so 8 are started a run,
and 100,000 in one host is what a plain actor cannot do at all. The row of many cells has 20 of them for
comparison.

Tried (agents/s): all 8 at once, 1.51; 4, 2 and 1 at a time, 1.17, 1.25 and 1.21.
"""

from __future__ import annotations

import asyncio

from shoal.bench.plain_ray.ask import Clerk, check
from shoal.bench.plain_ray.crew import Crew
from shoal.bench.plain_ray.packing import pack, unpack
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Receipt, parcel


class PlainCreation(Side):
    """Starts actors; they are killed after each run, outside of its time."""

    def __init__(self, agents: int) -> None:
        self.counts = Counts.exactly(agents)
        self._crew = Crew()

    async def setup(self, stage: Stage) -> None:
        """Nothing: starting is what is timed."""

    async def run(self, count: int) -> Outcome:
        """Start ``count`` actors and ask each."""
        clerks = self._crew.start(Clerk, count)
        answers = await asyncio.gather(
            *[clerk.ask.remote(pack(parcel(number))) for number, clerk in enumerate(clerks)]
        )
        for number, answer in enumerate(answers):
            check(unpack(Receipt, answer), number)
        return Outcome(done=len(answers))

    async def settle(self) -> None:
        """End the processes that the run started."""
        self._crew.remember(await asyncio.gather(*[clerk.ready.remote() for clerk in self._crew.members]))
        await self._crew.dismiss()

    async def teardown(self) -> None:
        """End what a failed run has left."""
        await self._crew.dismiss()
