"""Ask: the client sends a parcel to an actor and waits for the receipt.

Tried. One at a time (p50 / p99): ``ray.get`` in a thread or in the event loop, 1.18 / 2.50 ms; awaiting the
ObjectRef in the event loop, 1.36 / 3.24 ms. 64 in flight (asks/s): ``ray.get`` on 64 calls, 1,026;
``ray.wait`` for half of them, then refill, 951; 64 tasks that each await one call after the other, 752;
gathering 64, 784. 64 asks in one call, one bytes argument and one bytes answer: 33,000; lists of models:
22,000.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ray

from shoal.bench.errors import Miscounted
from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, pack_all, unpack, unpack_all
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Parcel, Receipt, answers, parcel

IN_FLIGHT = 64


class Clerk(CrewMember):
    """Answers each parcel with a receipt."""

    def __init__(self) -> None:
        self._handled = 0

    async def ask(self, packed: bytes) -> bytes:
        """Answer one parcel."""
        return pack(self._answer(unpack(Parcel, packed)))

    async def ask_all(self, packed: bytes) -> bytes:
        """Answer a batch of parcels."""
        return pack_all([self._answer(message) for message in unpack_all(Parcel, packed)])

    def _answer(self, message: Parcel) -> Receipt:
        self._handled += 1
        return Receipt(number=message.number, handled=self._handled)


class _Ask(Side):
    """What all ways of asking share: one clerk."""

    def __init__(self) -> None:
        self._crew = Crew()
        self._clerk: Any = None

    async def setup(self, stage: Stage) -> None:
        """Start the clerk."""
        (self._clerk,) = await self._crew.hire(Clerk)

    async def teardown(self) -> None:
        """Stop the clerk."""
        await self._crew.dismiss()


class PlainAskOneByOne(_Ask):
    """The next ask begins when the receipt of the last one is there."""

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times and time each."""
        return await asyncio.to_thread(self._ask, count)

    def _ask(self, count: int) -> Outcome:
        latencies_s = []
        for number in range(count):
            begun = time.perf_counter()
            receipt = unpack(Receipt, ray.get(self._clerk.ask.remote(pack(parcel(number)))))
            latencies_s.append(time.perf_counter() - begun)
            check(receipt, number)
        return Outcome(done=count, latencies_s=latencies_s)


class PlainAsks(_Ask):
    """64 asks in flight, one call each."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times."""
        return Outcome(done=await asyncio.to_thread(self._ask, count))

    def _ask(self, count: int) -> int:
        for start in range(0, count, IN_FLIGHT):
            numbers = range(start, start + IN_FLIGHT)
            answers = ray.get([self._clerk.ask.remote(pack(parcel(number))) for number in numbers])
            for number, answer in zip(numbers, answers, strict=True):
                check(unpack(Receipt, answer), number)
        return count


class BatchedAsks(_Ask):
    """64 asks in one call."""

    counts = Counts(least=IN_FLIGHT, step=IN_FLIGHT)

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times."""
        return Outcome(done=await asyncio.to_thread(self._ask, count))

    def _ask(self, count: int) -> int:
        for start in range(0, count, IN_FLIGHT):
            numbers = range(start, start + IN_FLIGHT)
            answer = ray.get(self._clerk.ask_all.remote(pack_all(map(parcel, numbers))))
            for number, receipt in zip(numbers, unpack_all(Receipt, answer), strict=True):
                check(receipt, number)
        return count


def check(receipt: Receipt, number: int) -> None:
    """Raise :class:`Miscounted` unless ``receipt`` answers parcel ``number``."""
    if not answers(receipt, number):
        raise Miscounted(f"parcel {number} was answered with the receipt of {receipt.number}")
