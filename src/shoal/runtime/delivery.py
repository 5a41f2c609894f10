"""A message inside a host: its envelope, where it came from and what its end means to others."""

from __future__ import annotations

from typing import Any, Protocol

from shoal.runtime.custody import Custody
from shoal.runtime.envelope import Envelope
from shoal.runtime.errors import ShoalError
from shoal.runtime.provenance import Taint
from shoal.runtime.recent import Recent
from shoal.runtime.wire import Reply


class Origin(Protocol):
    """Where a message came from: it takes the answer, and hears when the message needs no keeping any more."""

    keeps: bool
    """Whether the sender keeps the message until ``done`` and would send it again (another process does)."""

    def answer(self, delivery: Delivery, value: Any) -> None:
        """The handler of an ask returned ``value``."""

    def fail(self, delivery: Delivery, error: ShoalError) -> None:
        """An ask ended in ``error``."""

    def send(self, delivery: Delivery, reply: Reply, kind: type) -> None:
        """Answer an ask with what was recorded as its reply; ``kind`` is the answer's type."""

    def repeat(self, delivery: Delivery, outcome: Any) -> None:
        """The same ask came before and ended with ``outcome``: answer it the same."""

    def done(self, delivery: Delivery) -> None:
        """The message is handled and everything it sent is safe."""


ENCODED = object()
"""Stands for a message that is still only its payload."""
HANDLED = object()
"""Stands for the outcome of a message that nobody waits on."""


class Delivery:
    """One message on its way through a cell."""

    __slots__ = (
        "arrived",
        "custody",
        "envelope",
        "joined",
        "number",
        "origin",
        "outcome",
        "recent",
        "taint",
        "value",
    )

    def __init__(
        self,
        envelope: Envelope,
        value: Any,
        origin: Origin | None,
        number: int,
        arrived: float,
        custody: Custody | None,
    ) -> None:
        self.envelope = envelope
        self.value = value
        """The message itself when it never left this process, else ``ENCODED``."""
        self.origin = origin
        self.number = number
        self.arrived = arrived
        self.custody = custody
        self.outcome: Any = HANDLED
        """What its repetitions get: the reply, or ``HANDLED`` when nobody asked."""
        self.recent: Recent[Any] | None = None
        """The duplicate filter it was met by; remembers the outcome once it has ended."""
        self.taint: Taint | None = None
        """What its handling has seen that is worse than the message."""
        self.joined: list[Delivery] | None = None
        """Repetitions of this message that came while it was waiting or running; they end as it ends."""

    @property
    def seen(self) -> int:
        """The worst origin of the message and of what its handling has seen so far."""
        scope, taint = self.envelope.scope, self.taint
        origin = scope.origin if scope is not None else 0
        return origin if taint is None or taint.origin < origin else taint.origin

    def take_custody(self) -> Custody | None:
        """The custody under which what its handler sends is held; ``None`` when nobody upstream would resend it."""
        if self.custody is None and self.origin is not None and self.origin.keeps:
            self.custody = Custody(self._release)
        return self.custody

    def end(self) -> None:
        """Its handler has finished: acknowledge now, or as soon as everything it sent is safe."""
        if self.custody is not None:
            self.custody.end()
        elif self.origin is not None:
            self.origin.done(self)

    def repeat(self, outcome: Any) -> None:
        """End without handling: the same message was handled before, with this outcome."""
        if self.origin is not None:
            self.origin.repeat(self, outcome)
        self.end()

    def _release(self) -> None:
        if self.origin is not None:
            self.origin.done(self)
