"""A network in a test's hands: the transports between an ``OutLink`` and a receiving host, without any.

Frames and reports wait in bags until the test delivers them, in whatever order, twice or never. Two transports are
modelled after the real ones: :class:`Pipe` after the Unix socket (frames with large payloads travel beside it), and
:class:`Calls` after Ray calls, where a report can only ride on the result of an open call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shoal.runtime.config import Config
from shoal.runtime.inlink import Backway
from shoal.runtime.outlink import OutLink
from shoal.runtime.socket_server import frame_limit
from shoal.runtime.wire import Data, Report, unpack


class Turns:
    """An event loop that only turns when it is told to, so that a test decides what happens between two turns."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def run(self, action: Callable[..., object], *arguments: Any, turns: int = 8) -> None:
        """Run ``action`` inside the loop, then let everything that is ready run."""
        self.loop.run_until_complete(self._run(action, arguments, turns))

    async def _run(self, action: Callable[..., object], arguments: tuple[Any, ...], turns: int) -> None:
        action(*arguments)
        for _ in range(turns):
            await asyncio.sleep(0)

    def close(self) -> None:
        """Close the loop."""
        self.loop.close()


class Receiver(Protocol):
    """The receiving host, as a transport sees it."""

    def on_frame(self, sender: bytes, frame: bytes, back: Backway | None) -> None:
        """Take in a DATA frame."""

    def detach(self, sender: bytes, back: Backway) -> None:
        """A transport of ``sender`` broke."""


@dataclass(frozen=True)
class Packet:
    """A DATA frame on its way. ``way`` is the transport that brings reports back; ``None``: it travels beside it."""

    frame: bytes
    way: Transport
    beside: bool

    @property
    def data(self) -> Data:
        """What is in it."""
        data = unpack(self.frame)
        assert isinstance(data, Data)
        return data


class Transport:
    """One connection, both of its ends; a ``Carrier`` for the sender and a ``Backway`` for the receiver."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.broken = False
        """The sender has let go of it."""
        self.gone = False
        """The receiver knows that it broke; until then it sends reports into the void."""
        self.results: list[bytes] = []
        """Reports on their way back (and, for calls, empty answers)."""

    def carry(self, frame: bytes, *, large: bool) -> None:
        """Put a frame into the bag."""
        assert len(frame) <= self.line.most_bytes
        self.line.note_carried(frame)
        self.line.bag.append(Packet(frame, self, self.goes_beside(large)))

    def goes_beside(self, large: bool) -> bool:
        """Whether a frame travels beside the connection."""
        return False

    def arrived(self, packet: Packet) -> None:
        """A frame reaches the receiver."""
        self.line.receiver.on_frame(self.line.sender, packet.frame, None if packet.beside else self)

    def returned(self, result: bytes) -> None:
        """A report reaches the sender."""
        report = unpack(result)
        assert isinstance(report, Report)
        self.line.out.on_report(report)

    def receiver_notices(self) -> None:
        """The receiver sees that it broke."""
        self.gone = True
        self.line.receiver.detach(self.line.sender, self)

    # Backway
    @property
    def ready(self) -> bool:
        """Whether a report can go now."""
        return not self.gone

    def emit(self, frame: bytes) -> None:
        """Send a report."""
        assert self.ready, "a report was emitted into a way back that is not ready"
        assert len(frame) <= self.line.most_bytes
        self.results.append(frame)

    def settle(self, owes: bool) -> None:
        """Nothing to do: a pipe is always open for more."""


class Pipe(Transport):
    """Like the Unix socket."""

    def goes_beside(self, large: bool) -> bool:
        return large


class Parked:
    """The receiver's side of calls: those of one sender that are still open, whatever session they were made in."""

    KEPT = 2

    def __init__(self) -> None:
        self._open: deque[Calls] = deque()

    def park(self, call: Calls) -> None:
        """One more call is open."""
        self._open.append(call)

    @property
    def ready(self) -> bool:
        """Whether a report can go now."""
        return bool(self._open)

    def emit(self, frame: bytes) -> None:
        """Answer the oldest call."""
        self._open.popleft().emit(frame)

    def settle(self, owes: bool) -> None:
        """Answer those that are not needed."""
        while len(self._open) > (self.KEPT if owes else 0):
            self._open.popleft().results.append(b"")


class Calls(Transport):
    """Like Ray calls: a call parks at the receiver until there is something to say; the sender polls while owed.

    What comes back on a call that its sender has let go of is lost.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.open = 0

    def carry(self, frame: bytes, *, large: bool) -> None:
        self.open += 1
        super().carry(frame, large=large)

    def arrived(self, packet: Packet) -> None:
        parked = self.line.parked
        parked.park(self)
        self.line.receiver.on_frame(self.line.sender, packet.frame, parked)

    def receiver_notices(self) -> None:
        """It does not: a call that nobody waits for any more looks like any other."""

    def returned(self, result: bytes) -> None:
        self.open -= 1
        if self.broken:
            return
        if result:
            super().returned(result)
        if self.line.out.owed:
            self.poll()

    def poll(self) -> None:
        """Open a call for reports to come, if none is."""
        if self.open <= 0 and not self.broken:
            self.line.out.nudge()


class Line:
    """One link through this network."""

    def __init__(self, sender: bytes, out: OutLink, receiver: Receiver, config: Config) -> None:
        self.sender = sender
        self.out = out
        self.receiver = receiver
        self.window = config.window
        self.most_bytes = frame_limit(config)
        self.parked = Parked()
        self.bag: list[Packet] = []
        self.transports: list[Transport] = []
        """All that still have something on its way; the last is the one in use."""
        self.sessions = 0
        self.under_way: set[tuple[int, int]] = set()
        """Session and number of frames with messages that have not arrived."""
        self.frames = 0
        """DATA frames carried so far."""

    @property
    def current(self) -> Transport | None:
        """The transport in use, while there is one that works."""
        return self.transports[-1] if self.transports and not self.transports[-1].broken else None

    @property
    def results(self) -> int:
        """How many reports are on their way back."""
        return sum(len(way.results) for way in self.transports)

    def note_carried(self, frame: bytes) -> None:
        """Check the window: of one session, no more frames with messages are under way than it allows."""
        self.frames += 1
        data = unpack(frame)
        assert isinstance(data, Data)
        if not data.groups:
            return
        self.under_way = {(session, number) for session, number in self.under_way if session == data.session}
        self.under_way.add((data.session, data.number))
        assert len(self.under_way) <= self.window

    def attach(self, kind: type[Transport]) -> None:
        """Connect anew; whatever was there before is let go of by the sender, and its frames may still arrive."""
        if self.current is not None:
            self.current.broken = True
        transport = kind(self)
        self.transports.append(transport)
        self.sessions += 1
        self.out.attach(transport)
        if isinstance(transport, Calls) and self.out.owed:
            transport.poll()

    def cut(self, *, lose: bool, receiver_notices: bool) -> None:
        """Break the connection. What is on its way is lost, or arrives late."""
        transport = self.current
        if transport is None:
            return
        transport.broken = True
        self.out.detach(transport)
        if receiver_notices:
            transport.receiver_notices()
        if lose:
            self.bag = [packet for packet in self.bag if packet.way is not transport]
            transport.results.clear()

    def deliver(self, index: int, *, again: bool = False) -> bool:
        """Let one frame arrive; ``again``: it will arrive once more."""
        if not self.bag:
            return False
        packet = self.bag[index % len(self.bag)] if again else self.bag.pop(index % len(self.bag))
        if again and isinstance(packet.way, Calls):
            return False  # a call has one result: Ray does not run it twice unless it is told to
        self.under_way.discard((packet.data.session, packet.data.number))
        packet.way.arrived(packet)
        return True

    def give_back(self, index: int, *, again: bool = False) -> bool:
        """Let one report arrive at the sender."""
        waiting = [(way, at) for way in self.transports for at in range(len(way.results))]
        if not waiting:
            return False
        way, at = waiting[index % len(waiting)]
        if again and isinstance(way, Calls):
            return False
        way.returned(way.results[at] if again else way.results.pop(at))
        return True
