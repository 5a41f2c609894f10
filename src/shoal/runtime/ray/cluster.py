"""The cluster as one process sees it: other hosts, links to them, and starting and stopping more of them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError

from shoal.runtime.deadletters import Reason
from shoal.runtime.errors import (
    AgentDied,
    AgentNotFound,
    AgentStopped,
    ConfigError,
    ShoalError,
    SpawnError,
    SystemClosed,
)
from shoal.runtime.failure import unpack_error
from shoal.runtime.outlink import OutLink
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.creation import call, start_host
from shoal.runtime.ray.directory import NAMESPACE
from shoal.runtime.ray.line import Line
from shoal.runtime.ray.patience import Patience
from shoal.runtime.ray.records import HostInfo, HostRecord, Reservation, Tenant, Whereabouts
from shoal.runtime.ref import host_of, make_address
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.supervisor_order import Order
from shoal.runtime.wire import Reply

if TYPE_CHECKING:
    from shoal.runtime.host import Host
    from shoal.runtime.ray.children import RayChildren
    from shoal.runtime.ray.settings import Settings

_log = logging.getLogger("shoal.cluster")
_NEW_SYSTEM_S = 20.0
"""How long a killed system actor is waited for; its client starts another within a second or a few."""
_LOOK_S = 0.05
_STARTS_AGAIN = 3
"""How often a host that was coming up while the system actor was killed is started again."""


class RayPeers:
    """Implements ``Peers`` on Ray for one process."""

    def __init__(self, settings: Settings, host_class: type) -> None:
        self._settings = settings
        self._host_class = host_class
        self._host: Host | None = None
        self._lines: dict[str, Line] = {}
        self._system: Any = None
        self._closed = False

    def bind(self, host: Host) -> None:
        """Say whose peers these are."""
        self._host = host

    @property
    def _own(self) -> Host:
        assert self._host is not None
        return self._host

    # -- the system actor ----------------------------------------------------------------------------------

    async def ask_system(self, method: str, *arguments: Any) -> Any:
        """Call the system actor; one that was killed is waited for. Raises :class:`SystemClosed` when none comes.

        So a call may run twice, the second time with the successor: every method of it can.
        """
        clock = self._own.loop.time
        patience = Patience(_NEW_SYSTEM_S, clock())
        while not self._closed:
            system = self._system
            try:
                if system is None:
                    system = self._system = await asyncio.to_thread(self._settings.directory)
                if system is not None:
                    patience.seen(system._actor_id, clock())
                    return await getattr(system, method).remote(*arguments)
            except RayError:
                if self._system is system:
                    self._system = None
                if system is not None:
                    patience.lost(system._actor_id, clock())
            if patience.over(clock()):
                break
            await asyncio.sleep(_LOOK_S)
        raise SystemClosed(f"system {self._settings.system} is gone: its client has ended")

    # -- finding and linking -------------------------------------------------------------------------------

    async def find(self, name: str) -> tuple[HostInfo, Any]:
        """A host and its actor; one that is being started again is waited for.

        Raises :class:`AgentNotFound` or :class:`AgentStopped`.
        """
        found: Whereabouts = await self.ask_system("lookup", name)
        if found.coming:
            found = await self.ask_system("follow", name, None)
        while True:
            info = _there(name, found)
            actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
            if actor is not None:
                return info, actor
            # Ray has forgotten it: it died, and who keeps it will hear of that in a moment.
            found = await self.ask_system("follow", name, info.incarnation)

    async def link(self, host: str) -> OutLink:
        """A connected link to a host."""
        info, actor = await self.find(host)
        link = self._own.out.new_link(host)
        await self._open_line(link, info, actor)
        return link

    async def _open_line(self, link: OutLink, info: HostInfo, actor: Any) -> None:
        line = Line(self._own, self._settings, link, info, actor, self._lost)
        self._lines[info.name] = line
        await line.open(same_node=info.node == ray.get_runtime_context().get_node_id())

    def _lost(self, line: Line, exc: Exception) -> None:
        """A host died: see what becomes of it."""
        if self._lines.get(line.info.name) is line:
            del self._lines[line.info.name]
            self._own.out.errand(self._follow(line))

    async def _follow(self, line: Line) -> None:
        """Wait for the host's next incarnation and go on there; or end what was on its way, when none comes."""
        link, name = line.link, line.info.name
        incarnation = line.info.incarnation
        try:
            while True:
                found: Whereabouts = await self.ask_system("follow", name, incarnation)
                info = _there(name, found)
                actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
                if actor is not None:
                    break
                incarnation = info.incarnation
        except (AgentStopped, AgentNotFound) as error:
            if found.died:
                died = AgentDied(f"{name} died with the message in it: {found.gone}")
                self._own.out.link_lost(link, died, Reason.DIED)
            else:
                self._own.out.link_lost(link, error, Reason.STOPPED)
            return
        except ShoalError as error:
            self._own.out.link_lost(link, AgentDied(f"the process of {name} died; {error.text}"), Reason.DIED)
            return
        kept = link.restart()
        _log.info("%s is there again (generation %d); %d messages go to it", name, info.generation, kept)
        await self._open_line(link, info, actor)

    # -- starting and stopping -----------------------------------------------------------------------------

    async def spawn(
        self,
        agent: Any,
        name: str,
        host: str | None,
        parent: str = "",
        policy: RestartPolicy | None = None,
        *,
        beside: bool = False,
    ) -> str:
        """Start an agent: alone in a new host of its name (``beside``: on this node), or in the existing ``host``."""
        blob = pack_agent(agent)
        if host is not None:
            _, actor = await self.find(host)
            await call(actor.add_agent.remote(blob, name))
            return make_address(name, host)
        if beside:
            policy = RestartPolicy(node=ray.get_runtime_context().get_node_id())
        await self.create_host(name, (Tenant(name, blob),), parent, policy)
        return name

    async def create_host(
        self,
        name: str,
        tenants: tuple[Tenant, ...] = (),
        parent: str = "",
        policy: RestartPolicy | None = None,
    ) -> HostInfo:
        """Start a host with its agents. Raises ``SpawnError``."""
        policy = policy or RestartPolicy()
        again = 0
        while True:
            reservation: Reservation = await call_system(self, "reserve", name, parent, policy, tenants)
            if reservation.living is not None:
                return reservation.living
            record = HostRecord(name, reservation.generation, parent, policy, tenants)
            try:
                info, _ = await start_host(
                    self._host_class, self._settings, record, reservation.spare, {}, again=again
                )
            except BaseException as error:
                retry = again < _STARTS_AGAIN and isinstance(error, SpawnError) and await self._unknown(name)
                # Shielded: also when whoever spawns gave up, the name must become free.
                await asyncio.shield(self.ask_system("release", name, record.generation))
                if not retry:
                    raise
                again += 1
            else:
                return info

    async def _unknown(self, name: str) -> bool:
        """Whether the system actor has not heard of this host: it is another one than that which was asked for it."""
        found: Whereabouts = await self.ask_system("lookup", name)
        return found == Whereabouts(None, None)

    async def stop(self, address: str, reason: str, *, drain: bool, kill: bool) -> None:
        """Stop an agent elsewhere; a host that carries the agent's name ends with it."""
        name = host_of(address)
        info, actor = await self.find(name)
        if address != name:
            await call(actor.stop_agent.remote(address, reason, drain, kill))
            return
        await self.stop_host(info, actor, reason, drain=drain, kill=kill)

    async def stop_host(self, info: HostInfo, actor: Any, reason: str, *, drain: bool, kill: bool) -> None:
        """Stop all agents of a host, then its process."""
        line = self._lines.pop(info.name, None)
        await self.ask_system("stopping", info.name)
        try:
            ending = actor.kill_agents.remote(reason) if kill else actor.stop.remote(reason, drain)
            self._own.dead_letters.absorb(await call(ending))
        except AgentDied:
            pass  # it is gone, which is what was wanted
        await self.ask_system("gone", info.name, info.generation, reason)
        if line is not None:
            line.close()
            error = AgentStopped(f"{info.name} is stopped: {reason}")
            self._own.out.link_lost(line.link, error, Reason.STOPPED)
        await asyncio.to_thread(ray.kill, actor)

    async def forget(self, address: str) -> None:
        """It is not started again with its host."""
        await self.ask_system("drop_tenant", self._own.name, address.partition("@")[0])

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Get a large answer through the object store."""
        line = self._lines.get(host)
        actor = line.actor if line is not None else (await self.find(host))[1]
        fields = await call(actor.fetch.remote(message_id))
        return Reply(*fields)

    async def order(self, address: str, order: Order) -> Any:
        """Give a supervisor elsewhere an order with code in it, and return its answer."""
        _, actor = await self.find(host_of(address))
        return ray.cloudpickle.loads(await call(actor.order.remote(address, pack_agent(order))))

    def children_of(self, host: Host, address: str) -> RayChildren:
        """What a supervisor of this process starts and stops its children by."""
        from shoal.runtime.ray.children import RayChildren  # noqa: PLC0415 - it is built on this module

        return RayChildren(self, self._settings, self._host_class, address, host.name)

    def close(self) -> None:
        """Let go of all lines."""
        self._closed = True
        for line in self._lines.values():
            line.close()
        self._lines.clear()


def pack_agent(agent: Any) -> bytes:
    """The agent as Ray ships code: cloudpickle, from this client to its own hosts. Never used for messages."""
    try:
        blob: bytes = ray.cloudpickle.dumps(agent)  # type: ignore[no-untyped-call]
    except Exception as exc:
        raise ConfigError(
            f"{agent!r} cannot be shipped to another process ({exc}): open files, sockets and locks in on_start"
        ) from exc
    return blob


def _there(name: str, found: Whereabouts) -> HostInfo:
    """Where the host is. Raises :class:`AgentNotFound` or :class:`AgentStopped`."""
    if found.gone is not None:
        raise AgentStopped(f"{name} is stopped: {found.gone}")
    if found.info is None:
        raise AgentNotFound(f"there is no agent or host {name!r} in this system")
    return found.info


async def call_system(peers: RayPeers, method: str, *arguments: Any) -> Any:
    """Call a method of the system actor that may fail, and raise what it failed with."""
    good, value = await peers.ask_system(method, *arguments)
    if not good:
        raise unpack_error(value)
    return value
