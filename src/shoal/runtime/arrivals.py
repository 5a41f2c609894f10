"""What comes to a host from others: links, and the admission of their messages to cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import ENCODED, Delivery
from shoal.runtime.envelope import CANCEL, Envelope
from shoal.runtime.errors import AgentNotFound, AgentStopped, DeadIncarnation, ProtocolError
from shoal.runtime.incarnation import lineage
from shoal.runtime.inlink import Backway, Inlet, InLink
from shoal.runtime.origin import RemoteOrigin
from shoal.runtime.wire import Data, unpack

if TYPE_CHECKING:
    from shoal.runtime.host import Host


class Arrivals:
    """The receiving half of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._links: dict[bytes, InLink] = {}
        self._newest: dict[bytes, int] = {}
        """By host name (hashed): the highest generation that was heard from."""
        self.closed = False
        """The host ends and will be started again: what comes now is left to its senders."""

    def link(self, sender: bytes) -> InLink:
        """The receiving end of the link from a host incarnation."""
        link = self._links.get(sender)
        if link is None:
            self._check_alive(sender)
            host = self._host
            link = self._links[sender] = InLink(sender, host.config, self, host.stats.links)
        return link

    def _check_alive(self, sender: bytes) -> None:
        """Refuse a dead incarnation; with the first frame of a new one, let go of what its predecessors had here."""
        line = lineage(sender)
        if line is None:
            return
        newest = self._newest.get(line.name, 0)
        if line.generation < newest:
            raise DeadIncarnation(
                "a frame of a dead incarnation is refused: its host was started again since"
            )
        if line.generation > newest:
            self._newest[line.name] = line.generation
            self._forget([known for known in self._links if lineage(known) and known.startswith(line.name)])

    def _forget(self, senders: list[bytes]) -> None:
        for sender in senders:
            for recipient in self._links.pop(sender).close():
                cell = self._host.cells.get(recipient)
                if cell is not None:
                    cell.flows -= 1

    def on_frame(self, sender: bytes, frame: bytes | memoryview, back: Backway | None) -> None:
        """Take in a frame from ``sender``. Raises :class:`ProtocolError` for what is none."""
        if self.closed:
            return
        data = unpack(frame)
        if not isinstance(data, Data):
            raise ProtocolError("a report came where data was expected")
        self.link(sender).on_data(data, back)

    def detach(self, sender: bytes, back: Backway) -> None:
        """A transport of ``sender`` broke."""
        link = self._links.get(sender)
        if link is not None:
            link.detach(back)

    def flush(self) -> None:
        """Report on everything now: the process is about to end."""
        for link in self._links.values():
            link.report()

    def admit(self, inlet: Inlet, number: int, envelope: Envelope, now: float) -> bool:
        """Put a message in its mailbox; one that can go nowhere ends here. ``False``: no room."""
        host = self._host
        cell = host.cells.get(inlet.flow.recipient)
        origin = inlet.origin
        if origin is None:
            origin = inlet.origin = RemoteOrigin(host, inlet)
            if cell is not None:
                cell.flows += 1
        if envelope.kind == CANCEL:
            if cell is not None:
                cell.cancel(envelope.payload)
            inlet.finish(number)
            return True
        delivery = Delivery(envelope, ENCODED, origin, number, now, None)
        if cell is None or envelope.recipient != inlet.flow.recipient:
            self._undeliverable(delivery)
            return True
        if envelope.attempt > 1:
            cell.stats.redelivered += 1
        return cell.admit_once(delivery)

    def _undeliverable(self, delivery: Delivery) -> None:
        address = delivery.envelope.recipient
        because = self._host.stopped.get(address)
        if because is None:
            error = AgentNotFound(f"there is no agent {address!r} in host {self._host.name!r}")
            self._host.bury(delivery, Reason.NO_AGENT, error)
        else:
            self._host.bury(delivery, Reason.STOPPED, AgentStopped(f"{address} is stopped: {because}"))

    def refill(self, inlet: Inlet) -> None:
        """Credit for a flow whose batch was just taken."""
        cell = self._host.cells.get(inlet.flow.recipient)
        if cell is not None:
            cell.refill(inlet)
        elif inlet.flow.outstanding <= 0:
            inlet.grant(64)  # whatever it sends is answered at once
