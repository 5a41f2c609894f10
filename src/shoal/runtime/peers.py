"""The seam between a host and what lies beyond its process. The local system has nothing there; Ray has a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shoal.runtime.errors import AgentNotFound
from shoal.runtime.outlink import OutLink

if TYPE_CHECKING:
    from shoal.runtime.behavior import Behavior
    from shoal.runtime.wire import Reply


class Peers(Protocol):
    """Other processes of the system."""

    async def link(self, host: str) -> OutLink:
        """The link to a host by name, connected. Raises :class:`AgentNotFound` or ``AgentStopped``."""

    async def spawn(self, behavior: Behavior, name: str, host: str | None) -> str:
        """Start an agent in another process (a new one unless ``host`` names it); returns its address."""

    async def stop(self, address: str, reason: str, *, drain: bool, kill: bool) -> None:
        """Stop an agent elsewhere."""

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Get a large answer that the host keeps by reference."""


class References(Protocol):
    """Keeps large answers until they are fetched."""

    def keep(self, reply: Reply) -> None:
        """Keep one."""


class NoPeers:
    """The local system: there is nobody else."""

    async def link(self, host: str) -> OutLink:
        """Always raises."""
        raise AgentNotFound(f"there is no agent or host {host!r} in this system")

    async def spawn(self, behavior: Any, name: str, host: str | None) -> str:
        """Always raises: the host itself spawns locally."""
        raise AgentNotFound(f"there is no host {host!r} in this system")

    async def stop(self, address: str, reason: str, *, drain: bool, kill: bool) -> None:
        """Always raises."""
        raise AgentNotFound(f"there is no agent {address!r} in this system")

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Always raises."""
        raise AgentNotFound(f"there is no host {host!r} in this system")
