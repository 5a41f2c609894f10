"""Tell, one sender to one receiver: the client sends parcels, an actor counts them.

Tried for one call a message (msg/s; CPU µs a message): ``ray.get`` on windows of 256, 1,415; 1,110. Windows
of 64 and 1,000: the same within the noise. ``ray.wait`` for half of a window of 256: 5 % more in one run, 3 %
less in another. Windows gathered in the event loop: 1,088; 1,470. Calls without a return value
(``num_returns=0``) and a question for the count every 256: 6 % more, but then nobody learns of a call that
failed, which is another promise. Fastest of those that notice a failure: ``ray.get`` on windows of 256.

Tried for 64 messages a call: 1, 4, 16 and 64 calls in flight: 29,000, 68,800, 76,900 and the same; a list of
models or of dicts as the argument 61,000; one bytes argument of JSON instead of msgpack: the same. Kept: 16
calls in flight.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Any

import ray

from shoal.bench.plain_ray.crew import Crew, CrewMember
from shoal.bench.plain_ray.packing import pack, pack_all, unpack, unpack_all
from shoal.bench.sides import Counts, Outcome, Side, Stage
from shoal.bench.workload import Parcel, parcel

WINDOW = 256
BATCH = 64
CALLS_IN_FLIGHT = 16


class Receiver(CrewMember):
    """Handles parcels by counting them."""

    def __init__(self) -> None:
        self._handled = 0

    async def tell(self, packed: bytes) -> None:
        """Handle one parcel."""
        self._handle(unpack(Parcel, packed))

    async def tell_all(self, packed: bytes) -> None:
        """Handle a batch of parcels."""
        for message in unpack_all(Parcel, packed):
            self._handle(message)

    async def handled(self) -> int:
        """How many parcels were handled so far."""
        return self._handled

    def _handle(self, message: Parcel) -> None:
        if message.number >= 0:
            self._handled += 1


class _Tell(Side):
    """What both ways of telling share: one receiver, and its count before and after."""

    def __init__(self) -> None:
        self._crew = Crew()
        self._receiver: Any = None

    async def setup(self, stage: Stage) -> None:
        """Start the receiver."""
        (self._receiver,) = await self._crew.hire(Receiver)

    async def run(self, count: int) -> Outcome:
        """Send ``count`` parcels; the receiver says how many it has handled."""
        return Outcome(done=await asyncio.to_thread(self._send_and_count, count))

    async def teardown(self) -> None:
        """Stop the receiver."""
        await self._crew.dismiss()

    def _send_and_count(self, count: int) -> int:
        before: int = ray.get(self._receiver.handled.remote())
        self._send(count)
        after: int = ray.get(self._receiver.handled.remote())
        return after - before

    @abstractmethod
    def _send(self, count: int) -> None:
        """Send ``count`` parcels, and return when all calls are answered."""


class PlainTell(_Tell):
    """One call a parcel."""

    def _send(self, count: int) -> None:
        tell = self._receiver.tell
        for start in range(0, count, WINDOW):
            window = range(start, min(count, start + WINDOW))
            ray.get([tell.remote(pack(parcel(number))) for number in window])


class BatchedTell(_Tell):
    """One call for 64 parcels."""

    counts = Counts(least=BATCH, step=BATCH)

    def _send(self, count: int) -> None:
        tell_all = self._receiver.tell_all
        in_flight: deque[Any] = deque()
        for start in range(0, count, BATCH):
            if len(in_flight) >= CALLS_IN_FLIGHT:
                ray.get(in_flight.popleft())
            in_flight.append(tell_all.remote(pack_all(map(parcel, range(start, start + BATCH)))))
        ray.get(list(in_flight))
