"""The receiving end of a link: takes numbered batches in order, each message once, and reports on them.

Reports gather and go out together: receipt, handled messages, answers and credit in one frame. Answers, credit and
every second batch are reported as soon as the event loop has run what is ready; a receipt alone waits up to a
millisecond for company, as TCP's delayed acknowledgement does. No message waits for a report. Answers are kept until
the sender is known to have taken their report in, so that a transport that breaks loses none.

Callback contract: ``Admission.admit`` decides about each message (``False``: no room, the sender has to wait), a
:class:`Backway` carries REPORT frames back. Whoever runs the transport calls ``on_data``; the agent's cell calls
``Inlet.finish`` and ``Inlet.grant``.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from shoal.runtime.config import Config
from shoal.runtime.delivery import Origin
from shoal.runtime.envelope import Envelope
from shoal.runtime.flow import FlowReport, InFlow
from shoal.runtime.numbered import Numbered
from shoal.runtime.on_loop import OnLoop
from shoal.runtime.stats import LinkStats
from shoal.runtime.wire import Data, Reply, Report, pack_report


class Admission(Protocol):
    """The host's side: where messages go."""

    def admit(self, inlet: Inlet, number: int, envelope: Envelope, now: float) -> bool:
        """Put the message in its mailbox (or settle it otherwise); ``False`` when there is no room."""

    def refill(self, inlet: Inlet) -> None:
        """Called after each batch of a flow: time to give it credit."""


class Backway(Protocol):
    """A transport's way back to the sender."""

    @property
    def ready(self) -> bool:
        """Whether a frame can go now."""

    def emit(self, frame: bytes) -> None:
        """Send a REPORT frame. Only called when ``ready``."""

    def settle(self, owes: bool) -> None:
        """Called after each report, and when a session is over; ``owes``: more will follow without new data."""


class Inlet:
    """One flow's receiving end, as the agent's cell sees it."""

    __slots__ = ("_link", "_waiting", "dirty", "flow", "origin")

    def __init__(self, link: InLink, recipient: str) -> None:
        self.flow = InFlow(recipient)
        self._waiting = False
        self.dirty = False
        """Whether there is something to report on it."""
        self.origin: Origin | None = None
        """The host's view of where this flow's messages come from; set on first use."""
        self._link = link

    @property
    def waiting(self) -> bool:
        """Whether this flow waits in the cell's queue for credit."""
        return self._waiting

    @waiting.setter
    def waiting(self, waiting: bool) -> None:
        if waiting != self._waiting:
            self._waiting = waiting
            self._link.starved += 1 if waiting else -1

    def finish(self, number: int) -> None:
        """Message ``number`` is handled and what it sent is safe."""
        flow, link = self.flow, self._link
        flow.finish(number)
        link.open -= 1
        if not self.dirty:
            self.dirty = True
            link.dirty.append(self)
            link.report_later()

    def reply(self, reply: Reply) -> None:
        """The answer to an ask of this flow."""
        self._link.reply_soon(reply)

    def grant(self, most: int) -> None:
        """Give the sender credit for ``most`` messages."""
        self.flow.grant(most)
        self._link.mark(self)
        self._link.report_soon()


class InLink(OnLoop):
    """One link from the host incarnation ``sender``."""

    def __init__(self, sender: bytes, config: Config, admission: Admission, stats: LinkStats) -> None:
        self.sender = sender
        self._config = config
        self._admission = admission
        self._stats = stats
        self._inlets: dict[str, Inlet] = {}
        self.dirty: list[Inlet] = []
        self._replies: list[Reply] = []
        self._unheard: deque[tuple[int, list[Reply]]] = deque()
        self._session = 0
        self._data: Numbered[Data] = Numbered(1)
        self._reported = 0
        self._report_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._unreported = 0
        """Batches taken since the last report."""
        self._back: Backway | None = None
        self.open = 0
        """Messages taken and not finished."""
        self.starved = 0
        """Flows that wait for credit."""

    # -- data ----------------------------------------------------------------------------------------------

    def on_data(self, frame: Data, back: Backway | None) -> None:
        """Take in a batch that came over the transport whose way back is ``back`` (``None``: the one there was)."""
        if frame.session < self._session:
            if back is not None:
                back.settle(False)  # a call that came too late must not carry a report: nobody waits for it
            return
        if frame.session > self._session:
            self._begin(frame.session)
        if back is not None:
            self._back = back
        for data in self._data.take(frame.number, frame):
            self._take_batch(data)
        if self._unreported == 1:
            self.report_later()
        else:
            self.report_soon()  # the sender's window fills; or there is nothing to report but parked calls to settle

    def _begin(self, session: int) -> None:
        """A new session: the sender may have missed any report of the last one."""
        if self._back is not None:
            # Reports of this session must not go the way of the last one, nor on calls still open from then.
            self._back.settle(False)
            self._back = None
        self._session = session
        self._data = Numbered(4 * self._config.window + 64)
        self._reported = 0
        kept = [reply for _, replies in self._unheard for reply in replies]
        self._unheard.clear()
        self._replies = kept + self._replies
        for inlet in self._inlets.values():
            inlet.flow.repeat_early()
            self.mark(inlet)

    def _take_batch(self, data: Data) -> None:
        while self._unheard and self._unheard[0][0] <= data.heard:
            self._unheard.popleft()
        if data.groups:
            self._unreported += 1
        for recipient, first, envelopes in data.groups:
            inlet = self._inlets.get(recipient)
            if inlet is None:
                inlet = self._inlets[recipient] = Inlet(self, recipient)
            self.mark(inlet)
            self._take(inlet, first, envelopes)
            self._admission.refill(inlet)

    def _take(self, inlet: Inlet, first: int, envelopes: Sequence[Envelope]) -> None:
        flow = inlet.flow
        admit = self._admission.admit
        number = first
        now = time.monotonic()
        for envelope in envelopes:
            if number == flow.received + 1:
                if not admit(inlet, number, envelope, now):
                    flow.refuse()
                    self.report_soon()
                    return
                flow.take()
                self.open += 1
            elif number > flow.received:
                flow.refuse()
                self.report_soon()
                return
            else:
                self._stats.duplicates += 1
            number += 1

    # -- reports -------------------------------------------------------------------------------------------

    def reply_soon(self, reply: Reply) -> None:
        """Send an answer when the loop turns."""
        self._replies.append(reply)
        self.report_soon()

    def mark(self, inlet: Inlet) -> None:
        """There is something to report on this flow."""
        if not inlet.dirty:
            inlet.dirty = True
            self.dirty.append(inlet)

    def report_soon(self) -> None:
        """Report when the loop turns."""
        if not self._report_due:
            self._report_due = True
            self.loop.call_soon(self.report)

    def report_later(self) -> None:
        """Report within ``report_delay_s``, together with what else there will be by then.

        In a ring of agents this halves the frames: the receipt of a message and its end go in one report.
        """
        delay_s = self._config.report_delay_s
        if not delay_s:
            self.report_soon()
        elif self._timer is None and not self._report_due:
            self._timer = self.loop.call_later(delay_s, self.report)

    def report(self) -> None:
        """Emit what there is to report; it is kept for the next chance while there is no way back."""
        self._report_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        back = self._back
        if back is None or not back.ready:
            return
        # A frame without messages (a nudge) needs no receipt: it is there to carry what comes later.
        if self.dirty or self._replies or self._unreported:
            self._reported += 1
            self._unreported = 0
            replies = self._next_replies()
            flows = [] if self._replies else self._flow_reports()
            frame = Report(self._session, self._reported, self._data.last, flows, replies)
            if replies:
                self._unheard.append((self._reported, replies))
            back.emit(pack_report(frame))
        if self._replies:
            self.report_soon()
        back.settle(self.open > 0 or self.starved > 0 or bool(self._replies))

    def _next_replies(self) -> list[Reply]:
        """The answers for one report: all there are, unless together they are larger than one message may be."""
        replies, size = self._replies, 0
        for index, reply in enumerate(replies):
            size += len(reply.payload)
            if size > self._config.max_message_bytes and index:
                self._replies = replies[index:]
                return replies[:index]
        self._replies = []
        return replies

    def _flow_reports(self) -> list[FlowReport]:
        """What there is to say of the flows. With the last answers only: the sender asks for more while it is owed."""
        reports = [inlet.flow.report() for inlet in self.dirty]
        for inlet in self.dirty:
            inlet.dirty = False
        self.dirty.clear()
        return reports

    def close(self) -> list[str]:
        """The sender is dead: nobody hears reports any more. Returns the agents it had flows to."""
        if self._timer is not None:
            self._timer.cancel()
        if self._back is not None:
            self._back.settle(False)
            self._back = None
        return [recipient for recipient, inlet in self._inlets.items() if inlet.origin is not None]

    def detach(self, back: Backway) -> None:
        """``back`` broke: reports gather until the sender comes again."""
        if self._back is back:
            self._back = None
