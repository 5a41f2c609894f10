"""What agents start and stop themselves (not the children of a supervisor): such an agent stops with its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoal.runtime.behavior import role_of
from shoal.runtime.cell import Cell
from shoal.runtime.cell_state import State
from shoal.runtime.errors import SystemClosed
from shoal.runtime.peers import NoPeers
from shoal.runtime.ref import Ref, check_name, host_of, make_address

if TYPE_CHECKING:
    from shoal.runtime.host import Host


class Spawned:
    """Those of the agents of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def spawn_child(
        self, parent: Cell, agent: Any, name: str | None, host: str | None, mark: str
    ) -> Ref:
        """Start an agent that stops with ``parent``, or find it where it outlived an earlier life of ``parent``."""
        here = self._host
        if parent.state is not State.RUNNING:
            raise SystemClosed(f"{parent.address} is stopping and starts no children")
        base = parent.address.partition("@")[0]
        name = name or f"{base}/{role_of_agent(agent)}-{mark}"
        if isinstance(here.peers, NoPeers) or host == here.name:
            where = host or (name if isinstance(here.peers, NoPeers) else here.name)
            address = make_address(check_name(name), where)
            if address not in here.cells or address not in self._children_of(parent):
                await here.add(agent, name, address)
        else:
            beside = host is None and getattr(agent, "beside_parent", False)
            address = await here.peers.spawn(agent, check_name(name), host, parent.address, beside=beside)
        if parent.children is None:
            parent.children = []
        if address not in parent.children:
            parent.children.append(address)
        return agent.spawned_ref(address, None) if hasattr(agent, "spawned_ref") else Ref(address)

    def _children_of(self, parent: Cell) -> list[str]:
        held = self._host.suspended.get(parent.address)
        return [*(parent.children or ()), *(held.children if held is not None else ())]

    async def stop_child(self, parent: Cell, child: str, drain: bool) -> None:
        """Stop one for good."""
        here = self._host
        await here.stop(child, f"stopped by {parent.address}", drain=drain)
        if host_of(child) == here.name and child != here.name:
            await here.peers.forget(child)
        if parent.children and child in parent.children:
            parent.children.remove(child)


def role_of_agent(agent: Any) -> str:
    """A short name for what is about to be spawned."""
    if isinstance(agent, type):
        return agent.__name__.lower()
    if hasattr(agent, "handler_table"):
        return role_of(agent).lower()
    return str(getattr(agent, "__name__", "agent")).strip("<>").lower()
