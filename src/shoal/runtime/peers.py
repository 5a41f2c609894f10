"""The seam between a host and what lies beyond its process. The local system has nothing there; Ray has a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shoal.runtime.errors import AgentNotFound
from shoal.runtime.local_children import LocalChildren
from shoal.runtime.outlink import OutLink

if TYPE_CHECKING:
    from shoal.runtime.behavior import Behavior
    from shoal.runtime.host import Host
    from shoal.runtime.supervised import SupervisedChildren
    from shoal.runtime.supervisor_order import Order
    from shoal.runtime.wire import Reply


class Peers(Protocol):
    """Other processes of the system."""

    async def link(self, host: str) -> OutLink:
        """The link to a host by name, connected. Raises :class:`AgentNotFound` or ``AgentStopped``."""

    async def spawn(
        self, behavior: Behavior, name: str, host: str | None, parent: str = "", *, beside: bool = False
    ) -> str:
        """Start an agent in another process (a new one unless ``host`` names it); returns its address.

        ``beside``: on this machine. One that ``parent`` has already under this name is found instead.
        """

    async def stop(self, address: str, reason: str, *, drain: bool, kill: bool) -> None:
        """Stop an agent elsewhere."""

    async def forget(self, address: str) -> None:
        """An agent of this process, not the one that bears its name, was stopped for good."""

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Get a large answer that the host keeps by reference."""

    async def order(self, address: str, order: Order) -> Any:
        """Give an agent elsewhere an order with code in it, and return its answer."""

    def children_of(self, host: Host, address: str) -> SupervisedChildren:
        """What the supervisor at ``address`` of this ``host`` starts and stops its children by."""


class References(Protocol):
    """Keeps large answers until they are fetched."""

    def keep(self, reply: Reply) -> None:
        """Keep one."""


class NoPeers:
    """The local system: there is nobody else."""

    async def link(self, host: str) -> OutLink:
        """Always raises."""
        raise AgentNotFound(f"there is no agent or host {host!r} in this system")

    async def spawn(
        self, behavior: Any, name: str, host: str | None, parent: str = "", *, beside: bool = False
    ) -> str:
        """Always raises: the host itself spawns locally."""
        raise AgentNotFound(f"there is no host {host!r} in this system")

    async def stop(self, address: str, reason: str, *, drain: bool, kill: bool) -> None:
        """Always raises."""
        raise AgentNotFound(f"there is no agent {address!r} in this system")

    async def forget(self, address: str) -> None:
        """Nothing to do: a process that ends is not started again."""

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Always raises."""
        raise AgentNotFound(f"there is no host {host!r} in this system")

    async def order(self, address: str, order: Order) -> Any:
        """Always raises."""
        raise AgentNotFound(f"there is no agent {address!r} in this system")

    def children_of(self, host: Host, address: str) -> SupervisedChildren:
        """They live in this process."""
        return LocalChildren(host, address)
