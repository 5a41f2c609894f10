"""The worker of a durable agent: what it ends is acknowledged by its cell, once it is saved."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from shoal.runtime.codec import decode, encode
from shoal.runtime.context import Context
from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import HANDLED, Delivery
from shoal.runtime.envelope import ASK, TELL, Envelope, Lane, envelope_from_wire
from shoal.runtime.errors import Cancelled, MessageError, ShoalError
from shoal.runtime.failure import handler_error, pack_error
from shoal.runtime.ref import Ref
from shoal.runtime.wire import Reply, Status, ending
from shoal.runtime.worker import Worker, reason_of

if TYPE_CHECKING:
    from shoal.runtime.cell import Cell
    from shoal.runtime.durable_cell import DurableCell


class Before(NamedTuple):
    """Stands in the duplicate filter for a message that an earlier incarnation handled."""

    outcome: Any
    """``HANDLED``, or the reply it gave."""
    sends: tuple[tuple[Any, ...], ...]
    """What its handling told others: it may have died with that incarnation."""


class Ended(NamedTuple):
    """A message whose handling has ended, and what is to be done once that is saved."""

    delivery: Delivery
    reply: Reply | None
    """The answer of an ask, also of one that failed."""
    kind: type
    """The answer's type."""
    error: ShoalError | None
    sends: list[Envelope]


class DurableContext(Context):
    """Notes what is told, for the record."""

    __slots__ = ("_told",)

    def __init__(self, cell: Cell, delivery: Delivery, attempt: int = 0) -> None:
        super().__init__(cell, delivery, attempt)
        self._told: list[Envelope] = cell.told  # type: ignore[attr-defined]

    def tell(
        self,
        to: Ref | str,
        message: Any,
        *,
        lane: Lane | None = None,
        deadline_s: float | None = None,
        task: str | None = None,
        origin: int = 0,
    ) -> Coroutine[Any, Any, Any]:
        """See :meth:`Context.tell`."""
        telling = super().tell(to, message, lane=lane, deadline_s=deadline_s, task=task, origin=origin)
        return self._noted(telling, message)

    async def _noted(self, telling: Coroutine[Any, Any, Envelope], message: Any) -> Envelope:
        envelope = await telling
        noted = envelope
        if not envelope.payload:  # handed over as the object it is
            noted = envelope._replace(payload=encode(message, self._cell.host.config.max_message_bytes)[1])
        self._told.append(noted)
        return envelope


class DurableWorker(Worker):
    """Ends messages by way of the cell's next commit."""

    __slots__ = ()
    cell: DurableCell
    context_kind = DurableContext

    def _begin(self, delivery: Delivery, attempt: int = 0) -> Awaitable[Any] | None:
        if type(delivery.outcome) is Before:
            self.delivery = delivery
            self._retries = 0
            return self._send_again(delivery, delivery.outcome)
        if attempt == 0:
            self.cell.told = []
        return super()._begin(delivery, attempt)

    def _end(self, delivery: Delivery, result: Any) -> None:
        if self.stop_with is not None:
            self._uncancel()
        if type(delivery.outcome) is Before:
            self._repeat(delivery, delivery.outcome.outcome)
            return
        reply = None
        if delivery.envelope.kind == ASK:
            try:
                tag, payload = encode(result, self.cell.host.config.max_message_bytes)
            except MessageError as error:
                self._failed(delivery, handler_error(error, self.cell.address, delivery.envelope.tag))
                return
            reply = Reply(delivery.envelope.id, ending(Status.OK, delivery.seen), tag, payload)
        self.cell.stats.handled += 1
        if self._scribe is not None:
            self._scribe.note(delivery, self._began if self._retries else self.started, "done", self._retries)
        self.cell.record(Ended(delivery, reply, type(result), None, self.cell.told))

    def _failed(self, delivery: Delivery, error: ShoalError) -> None:
        if type(delivery.outcome) is Before:
            super()._failed(delivery, error)
            return
        if isinstance(error, Cancelled):
            self.cell.stats.cancelled += 1
        else:
            self.cell.stats.failed += 1
        self._note_failed(delivery, reason_of(error))
        reply = None
        if delivery.envelope.kind == ASK:
            reply = Reply(delivery.envelope.id, ending(Status.ERROR, delivery.seen), "", pack_error(error))
        self.cell.record(Ended(delivery, reply, type(None), error, self.cell.told))

    async def _send_again(self, delivery: Delivery, before: Before) -> None:
        """Tell once more what the earlier incarnation told; receivers that have it drop it by its id."""
        host = self.cell.host
        custody = delivery.take_custody()
        for fields in before.sends:
            envelope = envelope_from_wire(fields)
            try:
                value = decode(envelope.tag, envelope.payload)
                await host.post(
                    TELL, envelope.recipient, value, envelope.id, envelope.sender, envelope.scope, envelope.lane,
                    custody,
                )  # fmt: skip
            except ShoalError as error:
                host.dead_letters.add(envelope, Reason.STOPPED, error.text)

    def _repeat(self, delivery: Delivery, outcome: Any) -> None:
        self.cell.stats.deduplicated += 1
        delivery.outcome = outcome
        if outcome is not HANDLED and delivery.recent is not None:
            self.cell.weigh(len(outcome.payload))
        delivery.repeat(outcome)
