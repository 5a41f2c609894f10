"""Where a message came from, for its end: another process (a flow) or this one (a future)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoal.runtime.codec import NATIVE, decode, decode_as, encode, entry_of
from shoal.runtime.errors import ShoalError
from shoal.runtime.failure import pack_error
from shoal.runtime.wire import STATUS_BITS, Reply, Status, ending

if TYPE_CHECKING:
    from shoal.runtime.delivery import Delivery
    from shoal.runtime.host import Host
    from shoal.runtime.inlink import Inlet


class RemoteOrigin:
    """A flow from another host: answers and acknowledgements go back in its reports."""

    __slots__ = ("_host", "_inlet")
    keeps = True

    def __init__(self, host: Host, inlet: Inlet) -> None:
        self._host = host
        self._inlet = inlet

    def answer(self, delivery: Delivery, value: Any) -> None:
        """Send the handler's answer. Raises ``MessageError`` when it is no message."""
        tag, payload = encode(value, self._host.config.max_message_bytes)
        self._reply(delivery, Reply(delivery.envelope.id, delivery.seen << STATUS_BITS, tag, payload))

    def fail(self, delivery: Delivery, error: ShoalError) -> None:
        """Send the error."""
        ended = ending(Status.ERROR, delivery.seen)
        self._reply(delivery, Reply(delivery.envelope.id, ended, "", pack_error(error)))

    def send(self, delivery: Delivery, reply: Reply, kind: type) -> None:
        """Send an answer that is recorded."""
        self._reply(delivery, reply)

    def _reply(self, delivery: Delivery, reply: Reply) -> None:
        delivery.outcome = reply
        cell = self._host.cells.get(delivery.envelope.recipient)
        if cell is not None:
            cell.weigh(len(reply.payload))
        self._send(reply)
        for repeated in delivery.joined or ():
            repeated.repeat(reply)
        delivery.joined = None

    def _send(self, reply: Reply) -> None:
        if len(reply.payload) > self._host.config.by_reference_bytes and self._host.references is not None:
            self._host.references.keep(reply)
            reply = reply._replace(ending=Status.BY_REFERENCE, payload=b"")
        self._inlet.reply(reply)

    def repeat(self, delivery: Delivery, outcome: Any) -> None:
        """Answer a repeated ask from memory."""
        if isinstance(outcome, Reply):
            self._send(outcome)

    def done(self, delivery: Delivery) -> None:
        """Acknowledge."""
        if delivery.joined is not None:
            for repeated in delivery.joined:
                repeated.repeat(delivery.outcome)
            delivery.joined = None
        # Only the outcome is remembered: 4,096 envelopes of 1.5 KB an agent made the kernel clear pages for a
        # tenth of the time, and every message came to memory that was in no cache.
        if delivery.recent is not None:
            delivery.recent.settle(delivery.envelope.id, delivery.outcome)
        self._inlet.finish(delivery.number)


class LocalOrigin:
    """An ask from this process: the answer is a future here, and nothing is kept or acknowledged."""

    __slots__ = ("_host",)
    keeps = False

    def __init__(self, host: Host) -> None:
        self._host = host

    def answer(self, delivery: Delivery, value: Any) -> None:
        """Hand the handler's answer over. Raises ``MessageError`` when it is no message."""
        self._host.asks.resolve(delivery.envelope.id, self._host.passed(value), delivery.seen)

    def fail(self, delivery: Delivery, error: ShoalError) -> None:
        """Hand the error over."""
        self._host.asks.reject(delivery.envelope.id, error, delivery.seen)

    def send(self, delivery: Delivery, reply: Reply, kind: type) -> None:
        """Hand over what was recorded: the value itself may be the agent's state, which has gone on."""
        native = kind in NATIVE
        value = decode(reply.tag, reply.payload) if native else decode_as(entry_of(kind), reply.payload)
        self._host.asks.resolve(reply.id, value, reply.origin)

    def repeat(self, delivery: Delivery, outcome: Any) -> None:
        """Answer an ask that an earlier incarnation answered: whoever handles a message again asks again."""
        if isinstance(outcome, Reply):
            self._host.asks.on_reply(outcome)

    def done(self, delivery: Delivery) -> None:
        """Nobody keeps it."""
