"""A flow's sending end together with those who wait on it: senders for credit, custodies for receipt."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope
from shoal.runtime.flow import FlowReport, OutFlow

if TYPE_CHECKING:
    from shoal.runtime.errors import ShoalError


class Outbox:
    """Messages from this host to one agent."""

    __slots__ = ("_custodies", "_on_starved", "_reserved", "_waiters", "flow")

    def __init__(self, recipient: str, on_starved: Callable[[Outbox], None]) -> None:
        self.flow = OutFlow(recipient)
        self._on_starved = on_starved
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._custodies: deque[tuple[int, Custody]] = deque()
        self._reserved = 0

    @property
    def open(self) -> bool:
        """Whether a message may be put at once: there is credit and nobody waits for it already."""
        flow = self.flow
        return flow.next <= flow.credit - self._reserved and not self._waiters

    @property
    def starved(self) -> bool:
        """Whether somebody waits for credit."""
        return bool(self._waiters)

    async def wait_open(self) -> None:
        """Wait for credit, first come first served; the caller must put one message right after."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if len(self._waiters) == 1:
            self._on_starved(self)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            elif waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._reserved -= 1
                self._wake()
            raise
        self._reserved -= 1

    def put(self, envelope: Envelope, custody: Custody | None) -> None:
        """Take a message. Its custody, when given, ends once the message is received."""
        flow = self.flow
        number = flow.next  # OutFlow.put, in line: this is the hot path
        flow.next = number + 1
        flow.unacked[number] = envelope
        if custody is not None:
            custody.hold()
            self._custodies.append((number, custody))

    def report(self, report: FlowReport) -> list[Envelope]:
        """Take in the receiver's report; returns what it newly says is handled."""
        done = self.flow.report(report)
        custodies = self._custodies
        while custodies and custodies[0][0] <= self.flow.received:
            custodies.popleft()[1].end()
        self._wake()
        return done

    def restart(self) -> list[Envelope]:
        """The receiver is a new incarnation: everything not handled is to be sent to it. Returns that."""
        numbers = self.flow.restart()
        # A custody whose message was received has ended: whoever sent what caused it has been told that it is safe,
        # and it is, here. The others go on waiting for receipt, under the new numbers.
        self._custodies = deque((numbers[number], custody) for number, custody in self._custodies)
        self._wake()
        return list(self.flow.unacked.values())

    def _wake(self) -> None:
        while self._waiters and self.flow.room > self._reserved:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._reserved += 1
                waiter.set_result(None)

    def fail(self, error: ShoalError) -> list[Envelope]:
        """The receiver is gone for good: waiters get the error, custodies end; returns what was not handled."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self._waiters.clear()
        for _, custody in self._custodies:
            custody.end()
        self._custodies.clear()
        lost = list(self.flow.unacked.values())
        self.flow.unacked.clear()
        return lost
