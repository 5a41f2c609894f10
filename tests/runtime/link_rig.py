"""One agent, some senders and a line from each: for tests that walk a link through a situation by hand."""

from __future__ import annotations

import asyncio

from shoal.runtime.config import Config
from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope
from shoal.runtime.outlink import OutLink
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Reply
from tests.runtime.network import Line, Pipe, Transport, Turns
from tests.runtime.receivers import BareReceiver, HostReceiver
from tests.runtime.strategies import envelope


class Rig:
    """One receiver with agent ``0`` and a line from each of ``senders``."""

    def __init__(
        self,
        kind: type[Transport] = Pipe,
        *,
        capacity: int = 100,
        senders: int = 1,
        host: bool = False,
        max_message_bytes: int = 4096,
    ) -> None:
        config = Config(
            window=2,
            batch_messages=8,
            by_reference_bytes=1024,
            max_message_bytes=max_message_bytes,
            report_delay_s=0,
        )
        self.turns = Turns()
        self._tasks: list[asyncio.Task[None]] = []
        self.receiver = (HostReceiver if host else BareReceiver)(config, 1, capacity)
        self.replies: list[Reply] = []
        self.lines: list[Line] = []
        for index in range(senders):
            out = OutLink("peer", config, self.replies.append, LinkStats())
            line = Line(f"sender{index}".encode(), out, self.receiver, config)
            self.lines.append(line)
            self.turns.run(line.attach, kind)
        self.line = self.lines[0]
        self.out = self.line.out

    def put(self, message: Envelope, *, sender: int = 0, custody: Custody | None = None) -> None:
        """Put a message; the rig's caller knows that there is credit."""
        out = self.lines[sender].out
        self.turns.run(out.put, out.outbox("0"), message, custody)

    def put_all(self, messages: list[Envelope]) -> None:
        """Put several without letting the loop turn between them."""

        def put() -> None:
            for message in messages:
                self.out.put(self.out.outbox("0"), message)

        self.turns.run(put)

    def send(self, *messages: Envelope, sender: int = 0) -> asyncio.Task[None]:
        """Send messages one after the other, waiting for credit as a host does."""
        out = self.lines[sender].out

        async def work() -> None:
            for message in messages:
                box = out.outbox("0")
                if not box.open:
                    await box.wait_open()
                out.put(box, message)

        task = self.turns.loop.create_task(work())
        self._tasks.append(task)
        self.turns.run(_nothing)
        return task

    def arrive(self, rounds: int = 10) -> None:
        """Let everything arrive that is under way, both ways."""
        for _ in range(rounds):
            for line in self.lines:
                for _ in range(len(line.bag)):
                    self.turns.run(line.deliver, 0)
                for _ in range(line.results):
                    self.turns.run(line.give_back, 0)

    def handle(self, many: int = 1000) -> int:
        """Handle what waits, up to ``many`` messages; returns how many."""
        done = 0

        def step() -> None:
            taken = self.receiver.begin(0)
            if taken is not None:
                nonlocal done
                done += 1
                taken.finish()

        for _ in range(many):
            before = done
            self.turns.run(step)
            if done == before:
                break
        return done

    def all_happens(self) -> None:
        """Let everything arrive and be handled, until nothing is left to do."""
        for _ in range(1000):
            frames = sum(line.frames for line in self.lines)
            self.arrive(2)
            if not self.handle() and frames == sum(line.frames for line in self.lines):
                return
        raise AssertionError("the link does not come to rest")

    @property
    def taken(self) -> list[bytes]:
        """Ids of the messages that were taken, in order."""
        return [message.id for message in self.receiver.admitted]

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.turns.run(_nothing)
        self.turns.close()


def _nothing() -> None:
    """Only let the loop turn."""


def messages(many: int, **fields: object) -> list[Envelope]:
    return [envelope("sender0", recipient="0", **fields) for _ in range(many)]  # type: ignore[arg-type]
