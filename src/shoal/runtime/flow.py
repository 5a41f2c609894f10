"""A flow: the messages from one host to one agent, numbered, on both of its ends. Pure.

The sending end (:class:`OutFlow`) keeps every message until the receiver says it is *handled*; the receiving end
(:class:`InFlow`) takes them in order, each once. Three numbers rule it:

- ``received``: in the agent's mailbox up to here. What lies above may be sent again (go-back-n).
- ``handled``: finished up to here, plus single numbers above that finished early.
- ``credit``: the sender may send up to here. Credit avoids refusals; the mailbox's bound is kept by the receiving
  end, which takes in order or not at all. A refusal takes the credit back and the sender back to ``received + 1``.

Reports arrive in the order they were made (the link numbers them), so each simply replaces the one before.
Model: TCP's cumulative acknowledgement and receive window, with selective acknowledgement of handled messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from shoal.runtime.envelope import Envelope

INITIAL_CREDIT = 64
"""Messages a sender may send an agent it has not heard from yet."""


class FlowReport(NamedTuple):
    """What the receiving end tells the sending end of one flow."""

    recipient: str
    received: int
    handled: int
    early: Sequence[int]
    """Numbers above ``handled`` that finished since the last report."""
    credit: int
    refused: bool
    """Something above ``received`` came and was not taken."""


class OutFlow:
    """The sending end."""

    __slots__ = ("_handled", "_sent", "credit", "next", "received", "recipient", "unacked")

    def __init__(self, recipient: str) -> None:
        self.recipient = recipient
        self.next = 1
        """Number of the next message."""
        self._sent = 0
        self._handled = 0
        self.received = 0
        self.credit = INITIAL_CREDIT
        self.unacked: dict[int, Envelope] = {}
        """Every message not known to be handled, by number, oldest first."""

    @property
    def room(self) -> int:
        """How many more messages have credit (negative when some were put without)."""
        return self.credit - self.next + 1

    @property
    def sendable(self) -> bool:
        """Whether a message waits that may be sent now."""
        return self._sent < self.next - 1 and self._sent < self.credit

    def put(self, envelope: Envelope) -> int:
        """Number a message and keep it."""
        number = self.next
        self.next = number + 1
        self.unacked[number] = envelope
        return number

    def take(self, most: int, most_bytes: int) -> tuple[int, list[Envelope]]:
        """The next messages to send: the first one's number, and consecutive envelopes (one at least)."""
        first = self._sent + 1
        end = min(self.next - 1, self.credit, self._sent + most)
        unacked = self.unacked
        taken: list[Envelope] = []
        size = 0
        for number in range(first, end + 1):
            envelope = unacked[number]
            size += len(envelope.payload)
            if taken and size > most_bytes:
                break
            taken.append(envelope)
        self._sent += len(taken)
        return first, taken

    def report(self, report: FlowReport) -> list[Envelope]:
        """Take in a report; returns the messages it newly says are handled (they are no longer kept)."""
        last = self.next - 1
        self.received = min(max(self.received, report.received), last)
        self._sent = self.received if report.refused else max(self._sent, self.received)
        self.credit = report.credit
        done: list[Envelope] = []
        pop = self.unacked.pop
        handled = min(report.handled, self.received)
        for number in range(self._handled + 1, handled + 1):
            envelope = pop(number, None)
            if envelope is not None:
                done.append(envelope)
        self._handled = max(self._handled, handled)
        for number in report.early:
            if number > self.received:
                continue  # a peer's mistake: what was not received has not been handled
            envelope = pop(number, None)
            if envelope is not None:
                done.append(envelope)
        return done

    def rewind(self) -> None:
        """The transport broke: everything not known to be received is to be sent again."""
        self._sent = self.received

    def restart(self) -> dict[int, int]:
        """The receiver is a new one that knows nothing: renumber all that is not handled, in order.

        What was sent goes one attempt further. Returns the new number of each message by its old one.
        """
        kept, sent = self.unacked, self._sent
        self.__init__(self.recipient)  # type: ignore[misc]
        return {
            number: self.put(envelope.retried() if number <= sent else envelope)
            for number, envelope in kept.items()
        }


class InFlow:
    """The receiving end. Only number ``received + 1`` may be taken (or refused); below are duplicates, above gaps."""

    __slots__ = ("_early", "_early_new", "_handled", "credit", "received", "recipient", "refused")

    def __init__(self, recipient: str) -> None:
        self.recipient = recipient
        self.received = 0
        self.credit = INITIAL_CREDIT
        self.refused = False
        self._handled = 0
        self._early: set[int] = set()
        self._early_new: list[int] = []

    @property
    def outstanding(self) -> int:
        """Credit the sender has and has not used, as far as is known here."""
        return self.credit - self.received

    def take(self) -> int:
        """The next message is in the mailbox; returns its number."""
        self.received += 1
        self.credit = max(self.credit, self.received)
        return self.received

    def refuse(self) -> None:
        """The next message (or one above it) was not taken: the sender has to wait for credit."""
        self.refused = True
        self.credit = self.received

    def grant(self, most: int) -> None:
        """Let the sender send ``most`` messages above what was received; credit given stays given."""
        self.credit = max(self.credit, self.received + most)

    def finish(self, number: int) -> None:
        """Message ``number`` is handled, and what it sent is safe."""
        if number == self._handled + 1:
            self._handled = number
            if self._early:
                self._absorb_early()
        elif number > self._handled and number not in self._early:
            self._early.add(number)
            self._early_new.append(number)

    def _absorb_early(self) -> None:
        early = self._early
        while self._handled + 1 in early:
            self._handled += 1
            early.discard(self._handled)

    def report(self) -> FlowReport:
        """The current report. Clears what is said only once."""
        early: Sequence[int] = ()
        if self._early_new:
            early = [number for number in self._early_new if number > self._handled]
            self._early_new = []
        refused, self.refused = self.refused, False
        return FlowReport(self.recipient, self.received, self._handled, early, self.credit, refused)

    def repeat_early(self) -> None:
        """The sender may have missed reports: say again what is said only once."""
        self._early_new = sorted(self._early)
