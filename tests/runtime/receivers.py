"""Receiving hosts in a test's hands: what arrives waits until the test handles it, in any order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shoal.runtime.arrivals import Arrivals
from shoal.runtime.behavior import HandlerTable
from shoal.runtime.cell import Cell
from shoal.runtime.config import Config, Overflow
from shoal.runtime.context import Context
from shoal.runtime.delivery import Delivery
from shoal.runtime.envelope import Envelope, Kind
from shoal.runtime.host import Host
from shoal.runtime.inlink import Backway, Inlet, InLink
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Data, Reply, Status, unpack

AT_ONCE = "at once"
"""Tag of messages that a :class:`BareReceiver` settles while it admits them, as for an agent that is gone."""


@dataclass(frozen=True)
class Taken:
    """A message whose handler runs: ``finish`` ends it (and answers, if it is an ask)."""

    envelope: Envelope
    finish: Callable[[], None]


class BareReceiver:
    """``InLink`` with the simplest admission that is right: bounded queues, credit when there is room."""

    def __init__(self, config: Config, agents: int, capacity: int) -> None:
        self._config = config
        self._links: dict[bytes, InLink] = {}
        self._waiting: list[deque[tuple[Inlet, int, Envelope]]] = [deque() for _ in range(agents)]
        self._starved: list[deque[Inlet]] = [deque() for _ in range(agents)]
        self.capacity = capacity
        self.admitted: list[Envelope] = []
        """Every message that was taken, in order."""
        self.handled: set[bytes] = set()
        self.stats = LinkStats()

    def on_frame(self, sender: bytes, frame: bytes, back: Backway | None) -> None:
        data = unpack(frame)
        assert isinstance(data, Data)
        link = self._links.get(sender)
        if link is None:
            link = self._links[sender] = InLink(sender, self._config, self, self.stats)
        link.on_data(data, back)

    def detach(self, sender: bytes, back: Backway) -> None:
        link = self._links.get(sender)
        if link is not None:
            link.detach(back)

    def admit(self, inlet: Inlet, number: int, envelope: Envelope, now: float) -> bool:
        if envelope.tag == AT_ONCE:
            self.handled.add(envelope.id)
            inlet.finish(number)
        else:
            waiting = self._waiting[int(envelope.recipient)]
            if len(waiting) >= self.capacity:
                return False
            waiting.append((inlet, number, envelope))
        self.admitted.append(envelope)
        return True

    def refill(self, inlet: Inlet) -> None:
        if inlet.waiting or inlet.flow.outstanding > 0:
            return
        inlet.waiting = True
        agent = int(inlet.flow.recipient)
        self._starved[agent].append(inlet)
        self._feed(agent)

    def _feed(self, agent: int) -> None:
        starved = self._starved[agent]
        while starved and (room := self.capacity - len(self._waiting[agent])) > 0:
            inlet = starved.popleft()
            inlet.waiting = False
            inlet.grant(room)  # each of them all of it: more than there is, so that messages are refused

    def waiting(self, agent: int) -> int:
        return len(self._waiting[agent])

    def begin(self, agent: int) -> Taken | None:
        if not self._waiting[agent]:
            return None
        inlet, number, envelope = self._waiting[agent].popleft()
        self._feed(agent)

        def finish() -> None:
            self.handled.add(envelope.id)
            if envelope.kind == Kind.ASK:
                inlet.reply(Reply(envelope.id, Status.OK, "bytes", envelope.payload))
            inlet.finish(number)

        return Taken(envelope, finish)


class _Idle:
    """A behaviour whose cell starts no worker: the test handles its messages."""

    concurrency = 0
    overflow = Overflow.BLOCK
    handler_timeout_s: float | None = None

    def __init__(self, mailbox: int) -> None:
        self.mailbox: int | None = mailbox

    def handler_table(self) -> HandlerTable:
        return HandlerTable([])

    async def on_start(self, ctx: Context) -> None:
        """Never called."""

    async def on_stop(self, ctx: Context, reason: str) -> None:
        """Never called."""


class _Noted(Arrivals):
    """Notes what the cells take."""

    def __init__(self, host: Host, receiver: HostReceiver) -> None:
        super().__init__(host)
        self._receiver = receiver

    def admit(self, inlet: Inlet, number: int, envelope: Envelope, now: float) -> bool:
        taken = super().admit(inlet, number, envelope, now)
        if taken:
            self._receiver.admitted.append(envelope)
        return taken


class HostReceiver:
    """The real thing: a host with its arrivals, cells, mailboxes and duplicate filter; only handlers do not run."""

    def __init__(self, config: Config, agents: int, capacity: int) -> None:
        self._host = Host("host", config)
        self._arrivals = _Noted(self._host, self)
        self._cells = [Cell(self._host, str(agent), _Idle(capacity)) for agent in range(agents)]
        for cell in self._cells:
            self._host.cells[cell.address] = cell
        self.capacity = capacity
        self.admitted: list[Envelope] = []
        self.handled: set[bytes] = set()

    @property
    def stats(self) -> LinkStats:
        return self._host.stats.links

    def on_frame(self, sender: bytes, frame: bytes, back: Backway | None) -> None:
        self._arrivals.on_frame(sender, frame, back)

    def detach(self, sender: bytes, back: Backway) -> None:
        self._arrivals.detach(sender, back)

    def waiting(self, agent: int) -> int:
        return len(self._cells[agent].mailbox)

    def begin(self, agent: int) -> Taken | None:
        cell = self._cells[agent]
        delivery: Delivery | None = cell.mailbox.pop()
        if delivery is None:
            return None
        cell.give_room()
        origin: Any = delivery.origin

        def finish() -> None:
            self.handled.add(delivery.envelope.id)
            if delivery.envelope.kind == Kind.ASK:
                origin.answer(delivery, delivery.envelope.payload)
            delivery.end()

        return Taken(delivery.envelope, finish)
