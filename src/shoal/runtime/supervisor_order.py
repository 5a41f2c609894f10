"""Orders to supervisors that hold code: a child's spec cannot travel in a mailbox, which takes msgpack only.

On Ray they go as Ray's pickle in a call on the host's actor, as a spawn does; in one process as the object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from shoal.runtime.context import Context
from shoal.runtime.errors import AgentNotFound, ConfigError
from shoal.runtime.ref import Sender

if TYPE_CHECKING:
    from shoal.runtime.host import Host


@dataclass(frozen=True)
class StartChildOrder:
    """Add a child: by its spec, or under ``simple_one_for_one`` by what it gets beyond the template."""

    spec: Any = None
    extra: Any = None
    id: str | None = None


@dataclass(frozen=True)
class ChildSpecOrder:
    """Tell a child's spec."""

    child: str


Order = StartChildOrder | ChildSpecOrder


@runtime_checkable
class TakesOrders(Protocol):
    """What a behaviour has that takes them."""

    async def order(self, order: Order) -> Any:
        """Do what is ordered. Raises :class:`~shoal.runtime.errors.ShoalError`."""


async def take_order(behavior: Any, address: str, order: Order) -> Any:
    """Let a behaviour do it. Raises :class:`ConfigError` for one that takes none."""
    if not isinstance(behavior, TakesOrders):
        raise ConfigError(f"{address} is no supervisor")
    return await behavior.order(order)


async def send_order(sender: Sender, address: str, order: Order) -> Any:
    """Give an order through whoever sends here: a host, or an agent's context."""
    if isinstance(sender, Context):
        order = _of_agent(sender, order)
    host: Host = sender._cell.host if isinstance(sender, Context) else sender  # type: ignore[assignment]
    cell = host.cells.get(address)
    if cell is not None:
        return await take_order(cell.behavior, address, order)
    if address in host.stopped:
        raise AgentNotFound(f"{address} is stopped: {host.stopped[address]}")
    return await host.peers.order(address, order)


def _of_agent(ctx: Context, order: Order) -> Order:
    """The order as this agent may give it: a child that it adds gets what it hands down, as one that it spawns."""
    hands_down = getattr(ctx._cell.behavior, "hands_down", None)
    if hands_down is None or not isinstance(order, StartChildOrder) or not hasattr(order.spec, "agent"):
        return order
    return replace(order, spec=order.spec.model_copy(update={"agent": hands_down(order.spec.agent)}))
