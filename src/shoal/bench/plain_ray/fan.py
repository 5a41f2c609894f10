"""Fan-out to 8: the client asks a coordinator, which asks 8 workers at once and answers when all have.

The coordinator is an actor, since in a team it is an agent too; the client keeps 64 rounds in flight.

Tried (rounds/s): 64 calls to the coordinator at a time, 98; 64 tasks that each await one round after the
other, 92; the parcel put into the object store once for all 8 workers, 65. Without a coordinator, the client
asking the workers itself: 135, but that is another team.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import ray

from shoal.bench.errors import Miscounted
from shoal.bench.plain_ray.ask import Clerk, check
from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, pack_all, unpack, unpack_all
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Parcel, Receipt, parcel

WORKERS = 8
IN_FLIGHT = 64


class Coordinator(CrewMember):
    """Asks all workers and counts their answers."""

    def __init__(self) -> None:
        self._workers: Sequence[Any] = ()

    async def lead(self, workers: Sequence[Any]) -> None:
        """Whom to ask."""
        self._workers = workers

    async def round(self, packed: bytes) -> bytes:
        """One round: ask all, answer with how many answered."""
        number = unpack(Parcel, packed).number
        answers = await asyncio.gather(*[worker.ask.remote(packed) for worker in self._workers])
        for answer in answers:
            check(unpack(Receipt, answer), number)
        return pack(Receipt(number=number, handled=len(answers)))

    async def round_all(self, packed: bytes) -> bytes:
        """A batch of rounds, each worker asked once for all of them."""
        numbers = [message.number for message in unpack_all(Parcel, packed)]
        answers = await asyncio.gather(*[worker.ask_all.remote(packed) for worker in self._workers])
        for answer in answers:
            for number, receipt in zip(numbers, unpack_all(Receipt, answer), strict=True):
                check(receipt, number)
        return pack_all([Receipt(number=number, handled=len(answers)) for number in numbers])


class PlainFan(Side):
    """One call a message."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    def __init__(self) -> None:
        self._crew = Crew()
        self._coordinator: Any = None

    async def setup(self, stage: Stage) -> None:
        """Start the workers and the coordinator."""
        workers = await self._crew.hire(Clerk, WORKERS)
        (self._coordinator,) = await self._crew.hire(Coordinator)
        await self._coordinator.lead.remote(list(workers))

    async def run(self, count: int) -> Outcome:
        """Do ``count`` rounds."""
        return Outcome(done=await asyncio.to_thread(self._rounds, count))

    async def teardown(self) -> None:
        """Stop them."""
        await self._crew.dismiss()

    def _rounds(self, count: int) -> int:
        return sum(self._some(range(start, start + IN_FLIGHT)) for start in range(0, count, IN_FLIGHT))

    def _some(self, numbers: range) -> int:
        rounds = [self._coordinator.round.remote(pack(parcel(number))) for number in numbers]
        return _complete(numbers, [unpack(Receipt, answer) for answer in ray.get(rounds)])


class BatchedFan(PlainFan):
    """64 rounds in one call."""

    def _some(self, numbers: range) -> int:
        answer = ray.get(self._coordinator.round_all.remote(pack_all(map(parcel, numbers))))
        return _complete(numbers, unpack_all(Receipt, answer))


def _complete(numbers: range, receipts: Sequence[Receipt]) -> int:
    """How many rounds there were; raises :class:`Miscounted` when a worker's answer is missing in one."""
    for number, receipt in zip(numbers, receipts, strict=True):
        check(receipt, number)
        if receipt.handled != WORKERS:
            raise Miscounted(f"round {number} has {receipt.handled} answers instead of {WORKERS}")
    return len(receipts)
