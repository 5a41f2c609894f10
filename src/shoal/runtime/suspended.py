"""Messages of agents that are between two incarnations in this process: they wait, and go to the next one in order.

Between processes the links do this. In one process nobody keeps a message but its mailbox, so that is kept.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoal.runtime.deadletters import Reason
from shoal.runtime.delivery import Delivery
from shoal.runtime.errors import AgentDied, AgentStopped, ShoalError

if TYPE_CHECKING:
    from shoal.runtime.cell import Cell
    from shoal.runtime.host import Host


@dataclass
class _Held:
    supervisor: str
    deliveries: list[Delivery] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    """What the agent itself had started; it goes on meanwhile."""
    decided: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Suspended(dict[str, _Held]):
    """Those of one host, by address. (A dict: every send to another process looks in here.)"""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def hold(self, address: str, supervisor: str) -> Cell | None:
        """Take the cell out of its host, and keep what waits in its mailbox; returns the cell, if it was there."""
        cell = self._host.cells.pop(address, None)
        if address in self:
            return cell
        held = self[address] = _Held(supervisor)
        if cell is not None:
            held.deliveries.extend(cell.mailbox.drain())
            held.children.extend(cell.children or ())
        self._host.stopped.pop(address, None)
        if cell is not None:
            cell.stats.agents -= 1
        return cell

    async def wait(self, address: str) -> None:
        """Wait until it is there again, or is known not to come."""
        await asyncio.shield(self[address].decided)

    def resume(self, cell: Cell) -> None:
        """It is there again: give it what was kept."""
        held = self.pop(cell.address, None)
        if held is not None:
            if held.children:
                cell.children = list(dict.fromkeys([*held.children, *(cell.children or ())]))
            for delivery in held.deliveries:
                cell.admit(delivery)
            held.decided.set_result(None)

    def bury(self, address: str, reason: str, *, died: bool) -> None:
        """It does not come again, nor do those that it supervised."""
        held = self.pop(address, None)
        if held is None:
            return
        self.bury_children(address, reason)
        for child in reversed(held.children):
            self._host.out.errand(self._host.stop(child, f"its parent {address} is gone: {reason}"))
        self._host.stopped[address] = reason
        error: ShoalError = AgentStopped(f"{address} is stopped: {reason}")
        if died:
            error = AgentDied(f"{address} died: {reason}")
        for delivery in held.deliveries:
            self._host.bury(delivery, Reason.DIED if died else Reason.STOPPED, error)
        held.decided.set_result(None)

    def bury_children(self, supervisor: str, reason: str) -> None:
        """A supervisor is gone for good."""
        for address in [known for known, held in self.items() if held.supervisor == supervisor]:
            self.bury(address, f"its supervisor {supervisor} is gone: {reason}", died=False)
