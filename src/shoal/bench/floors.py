"""The floors: the same typed messages through the barest thing that can carry them.

They have no addresses, no validation, no acknowledgement, no supervision and nothing to look at: they show
what the machine gives, not what a runtime could reach. Their own change from run to run is the machine's
noise.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from shoal.bench.sides import Outcome, Side, SideFactory, Stage
from shoal.bench.workload import Parcel, Receipt, parcel


class QueueTell(Side):
    """One task puts parcels into a bounded ``asyncio.Queue``, another takes them out."""

    async def setup(self, stage: Stage) -> None:
        """Nothing to start."""

    async def run(self, count: int) -> Outcome:
        """Send ``count`` parcels."""
        queue: asyncio.Queue[Parcel] = asyncio.Queue(maxsize=1024)

        async def receive() -> int:
            handled = 0
            while handled < count:
                await queue.get()
                handled += 1
            return handled

        receiver = asyncio.create_task(receive())
        for number in range(count):
            await queue.put(parcel(number))
        return Outcome(done=await receiver)


class QueueAsk(Side):
    """One task asks another through a queue, the answer comes in a future."""

    async def setup(self, stage: Stage) -> None:
        """Nothing to start."""

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times, one at a time."""
        queue: asyncio.Queue[tuple[Parcel, asyncio.Future[Receipt]]] = asyncio.Queue()

        async def answer() -> None:
            for handled in range(1, count + 1):
                question, waiting = await queue.get()
                waiting.set_result(Receipt(number=question.number, handled=handled))

        clerk = asyncio.create_task(answer())
        latencies_s = []
        for number in range(count):
            begun = time.perf_counter()
            waiting = asyncio.get_running_loop().create_future()
            queue.put_nowait((parcel(number), waiting))
            await waiting
            latencies_s.append(time.perf_counter() - begun)
        await clerk
        return Outcome(done=count, latencies_s=latencies_s)


class _Pipe(Side):
    """A child process at the other end of a pipe, which pickles what it carries."""

    def __init__(self) -> None:
        self._ours: Connection | None = None
        self._child: BaseProcess | None = None

    async def setup(self, stage: Stage) -> None:
        """Start the child and wait for its first answer."""
        # Not forked: this process has Ray's threads, of which a fork would keep the locks only.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._child = context.Process(target=_answer_pipe, args=(theirs,), daemon=True)
        self._child.start()
        theirs.close()
        await asyncio.to_thread(self._ask, parcel(-1))

    async def teardown(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._ours is not None:
            self._ours.close()

    def _send(self, message: Parcel) -> None:
        if self._ours is None:
            raise RuntimeError("the pipe is not set up")
        self._ours.send((message.number, message.sender, message.score, message.text))

    def _ask(self, message: Parcel) -> int:
        self._send(message)
        if self._ours is None:
            raise RuntimeError("the pipe is not set up")
        handled: int = self._ours.recv()
        return handled


class PipeTell(_Pipe):
    """Parcels as tuples; those with a number are handled, the last one without is answered."""

    async def run(self, count: int) -> Outcome:
        """Send ``count`` parcels."""
        return Outcome(done=await asyncio.to_thread(self._tell, count))

    def _tell(self, count: int) -> int:
        for number in range(count):
            self._send(parcel(number))
        return self._ask(parcel(-1))


class PipeAsk(_Pipe):
    """A parcel as a tuple, and the answer, one at a time."""

    async def run(self, count: int) -> Outcome:
        """Ask ``count`` times."""
        return await asyncio.to_thread(self._ask_all, count)

    def _ask_all(self, count: int) -> Outcome:
        latencies_s = []
        for _ in range(count):
            begun = time.perf_counter()
            self._ask(parcel(-1))
            latencies_s.append(time.perf_counter() - begun)
        return Outcome(done=count, latencies_s=latencies_s)


def _answer_pipe(theirs: Connection) -> None:
    """The child: counts parcels, and answers one numbered -1 with the count since the last answer."""
    handled = 0
    while True:
        try:
            number, sender, score, text = theirs.recv()
        except (EOFError, OSError):
            return
        message = Parcel.model_construct(number=number, sender=sender, score=score, text=text)
        if message.number >= 0:
            handled += 1
        else:
            theirs.send(handled)
            handled = 0


QUEUE: Mapping[str, SideFactory] = {"tell": QueueTell, "ask": QueueAsk}
"""Two tasks of one process, by row."""

PIPE: Mapping[str, SideFactory] = {"tell": PipeTell, "ask": PipeAsk}
"""Two processes, by row."""
