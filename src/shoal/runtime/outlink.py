"""The sending end of a link: from this host to another, many flows, one numbered stream of batches.

While a batch is on its way, what is sent meanwhile gathers and goes as one; an idle link sends when the event loop
turns, so that what one handler sends goes together; no timer holds anything back. What is sent is kept until it is
reported handled, so that the loss of the transport or of the receiver loses nothing here.

Callback contract: the link puts frames into its :class:`Carrier` and hands answers to ``on_reply``. Whoever runs the
transport calls ``attach`` with a working carrier, ``on_report`` with each REPORT frame, ``detach`` when it broke,
``restart`` when the receiver is a new incarnation and ``fail`` when it is gone for good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from shoal.runtime.config import Config
from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope
from shoal.runtime.errors import ShoalError
from shoal.runtime.numbered import Numbered
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.outbox import Outbox
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Data, Group, Reply, Report, pack_data


class Carrier(Protocol):
    """A transport's sending side."""

    def carry(self, frame: bytes, *, large: bool) -> None:
        """Put a DATA frame on its way; never blocks. ``large``: it holds a payload for the object store."""


class OutLink(OnLoop):
    """One link to the host ``peer``."""

    def __init__(
        self, peer: str, config: Config, on_reply: Callable[[Reply], None], stats: LinkStats
    ) -> None:
        self.peer = peer
        self._config = config
        self._on_reply = on_reply
        self._stats = stats
        self._outboxes: dict[str, Outbox] = {}
        self._ready: dict[str, Outbox] = {}
        self._carrier: Carrier | None = None
        self._session = 0
        self._sent = 0
        self._taken = 0
        self._reports: Numbered[Report] = Numbered(1)
        self._flush_due = False
        self._unhandled = 0
        self._starved: set[Outbox] = set()
        """Flows that somebody waited on for credit; those of them that are fed by now are dropped when asked for."""
        self.failure: ShoalError | None = None

    # -- sending -------------------------------------------------------------------------------------------

    def outbox(self, recipient: str) -> Outbox:
        """The flow to one agent of the peer."""
        box = self._outboxes.get(recipient)
        if box is None:
            box = self._outboxes[recipient] = Outbox(recipient, self._starving)
        return box

    def put(self, box: Outbox, envelope: Envelope, custody: Custody | None = None) -> None:
        """Take a message for sending. The caller has seen to credit (``box.open`` or ``wait_open``)."""
        if self.failure is not None:
            raise self.failure
        box.put(envelope, custody)
        self._unhandled += 1
        flow = box.flow
        if flow.next <= flow.credit + 1:
            self._ready[flow.recipient] = box
            if not self._flush_due:
                self._flush_due = True
                self.loop.call_soon(self._flush)
        elif self._sent == self._taken:
            self.nudge()  # credit may have been given when there was no way back to say so

    def _starving(self, box: Outbox) -> None:
        """Somebody waits for credit of ``box``."""
        self._starved.add(box)
        if self._sent == self._taken:
            self.nudge()  # as above

    def _flush(self) -> None:
        self._flush_due = False
        carrier = self._carrier
        if carrier is None:
            return
        while self._ready and self._sent - self._taken < self._config.window:
            groups, large = self._gather()
            if large and self._sent == 0:
                # It travels beside the transport: the receiver has to be shown the way back first.
                self.nudge()
                if self._carrier is not carrier:
                    return
            self._sent += 1
            frame = pack_data(Data(self._session, self._sent, self._reports.last, groups))
            carrier.carry(frame, large=large)
            if self._carrier is not carrier:
                return  # it broke in our hands and detach() has rewound everything

    def nudge(self) -> None:
        """Send a frame without messages: it opens a session, or gives reports to come a way back."""
        if self._carrier is not None:
            if self._taken == self._sent:
                self._taken += 1  # the receiver sends no receipt for it alone: it must not fill the window
            self._sent += 1
            frame = Data(self._session, self._sent, self._reports.last, [])
            self._carrier.carry(pack_data(frame), large=False)

    def _gather(self) -> tuple[list[Group], bool]:
        """The next batch: flows in turns, up to the limits of a batch."""
        config = self._config
        messages, size = config.batch_messages, config.batch_bytes
        groups: list[Group] = []
        large = False
        while self._ready and messages > 0 and size > 0:
            recipient, box = next(iter(self._ready.items()))
            first, envelopes = box.flow.take(messages, size)
            groups.append(Group(recipient, first, envelopes))
            messages -= len(envelopes)
            for envelope in envelopes:
                length = len(envelope.payload)
                size -= length
                if length > config.by_reference_bytes:
                    large = True
            del self._ready[recipient]
            if box.flow.sendable:
                self._ready[recipient] = box  # behind the others
        self._stats.batches.add(config.batch_messages - messages)
        return groups, large

    # -- reports -------------------------------------------------------------------------------------------

    @property
    def heard(self) -> int:
        """Highest REPORT number taken in; travels with data."""
        return self._reports.last

    @property
    def owed(self) -> bool:
        """Whether the receiver still owes a report on something: receipt, handling, credit."""
        if self._unhandled > 0 or self._sent > self._taken:
            return True
        self._starved = {box for box in self._starved if box.starved}
        return bool(self._starved)

    def on_report(self, frame: Report) -> None:
        """Take in a REPORT frame of this session; stale ones are ignored."""
        if frame.session != self._session:
            return
        for report in self._reports.take(frame.number, frame):
            self._taken = max(self._taken, min(report.taken, self._sent))
            for flow_report in report.flows:
                box = self._outboxes.get(flow_report.recipient)
                if box is None:
                    continue
                self._unhandled -= len(box.report(flow_report))
                if box.flow.sendable:
                    self._ready[flow_report.recipient] = box
            for reply in report.replies:
                self._on_reply(reply)
        if self._ready:
            self._flush()

    # -- transport -----------------------------------------------------------------------------------------

    def attach(self, carrier: Carrier) -> int:
        """Begin a session over ``carrier``: everything not known to be received goes (again). Returns its number."""
        self._carrier = carrier
        self._session += 1
        self._stats.sessions += 1
        self._sent = self._taken = 0
        self._reports = Numbered(4 * self._config.window + 64)
        for recipient, box in self._outboxes.items():
            box.flow.rewind()
            if box.flow.sendable:
                self._ready[recipient] = box
        self._flush()
        if self._sent == 0 and self.owed and self._carrier is carrier:
            self.nudge()
        return self._session

    def detach(self, carrier: Carrier) -> None:
        """``carrier`` broke; nothing is sent until another is attached."""
        if self._carrier is carrier:
            self._carrier = None

    def restart(self) -> int:
        """The peer is a new incarnation that knows nothing: all that was not handled is for it. Call before ``attach``.

        Returns how many messages that are.
        """
        self._carrier = None
        self._ready.clear()
        return sum(len(box.restart()) for box in self._outboxes.values())

    @property
    def attached(self) -> bool:
        """Whether a carrier works."""
        return self._carrier is not None

    def fail(self, error: ShoalError) -> list[Envelope]:
        """The receiver is gone for good: later sends raise ``error``. Returns what was not handled, oldest first."""
        self.failure = error
        self._carrier = None
        self._ready.clear()
        self._unhandled = self._sent = self._taken = 0
        lost: list[Envelope] = []
        for box in self._outboxes.values():
            lost.extend(box.fail(error))
        return lost
