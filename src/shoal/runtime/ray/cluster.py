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
from shoal.runtime.ray.calls import actor_by_name, is_death
from shoal.runtime.ray.creation import create_actor
from shoal.runtime.ray.directory import NAMESPACE, HostInfo
from shoal.runtime.ray.line import Line
from shoal.runtime.ref import host_of, make_address
from shoal.runtime.wire import Reply

if TYPE_CHECKING:
    from shoal.runtime.host import Host
    from shoal.runtime.ray.settings import Settings

_log = logging.getLogger("shoal.cluster")
_BOOT_S = 120.0
"""Longest wait for a new host's process; a loaded 2-core machine starts 20 in 6 s."""


_DIED = "its process died"


class RayPeers:
    """Implements ``Peers`` on Ray for one process."""

    def __init__(self, settings: Settings, host_class: type) -> None:
        self._settings = settings
        self._host_class = host_class
        self._host: Host | None = None
        self._lines: dict[str, Line] = {}
        self._directory: Any = None

    def bind(self, host: Host) -> None:
        """Say whose peers these are."""
        self._host = host

    @property
    def directory(self) -> Any:
        """The directory's handle. Raises :class:`SystemClosed` when it is gone."""
        if self._directory is None:
            self._directory = self._settings.directory()
            if self._directory is None:
                raise SystemClosed(f"system {self._settings.system} is gone: its client has ended")
        return self._directory

    @property
    def _own(self) -> Host:
        assert self._host is not None
        return self._host

    # -- finding and linking -------------------------------------------------------------------------------

    async def find(self, name: str) -> tuple[HostInfo, Any]:
        """A host and its actor. Raises :class:`AgentNotFound` or :class:`AgentStopped`."""
        info, why = await self._ask_directory("lookup", name)
        if info is None:
            if why is not None:
                raise AgentStopped(f"{name} is stopped: {why}")
            raise AgentNotFound(f"there is no agent or host {name!r} in this system")
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is None:
            await self._ask_directory("gone", name, info.incarnation, _DIED)
            raise AgentStopped(f"{name} is stopped: {_DIED}")
        return info, actor

    async def _ask_directory(self, method: str, *arguments: Any) -> Any:
        try:
            return await getattr(self.directory, method).remote(*arguments)
        except RayError as exc:
            raise SystemClosed(f"system {self._settings.system} is gone: {exc}") from exc

    async def link(self, host: str) -> OutLink:
        """A connected link to a host."""
        info, actor = await self.find(host)
        link = self._own.out.new_link(host)
        line = Line(self._own, self._settings, link, info, actor, self._lost)
        self._lines[host] = line
        await line.open(same_node=info.node == ray.get_runtime_context().get_node_id())
        return link

    def _lost(self, line: Line, exc: Exception) -> None:
        """A host died: tell the directory, end what it had."""
        self._lines.pop(line.info.name, None)
        self._own.out.errand(self._end_of(line))

    async def _end_of(self, line: Line) -> None:
        """Find out whether the host was stopped or died by itself, and end what was on its way there."""
        info = line.info
        error: ShoalError = AgentDied(
            f"the process of {info.name} (pid {info.pid}) died with the message in it"
        )
        reason = Reason.DIED
        try:
            known, why = await self._ask_directory("lookup", info.name)
            if known is None and why is not None and why != _DIED:
                error, reason = AgentStopped(f"{info.name} is stopped: {why}"), Reason.STOPPED
            else:
                await self._ask_directory("gone", info.name, info.incarnation, _DIED)
        except ShoalError:
            pass  # the system is shutting down: nobody is left to tell
        self._own.out.link_lost(line.link, error, reason)

    # -- starting and stopping -----------------------------------------------------------------------------

    async def spawn(self, agent: Any, name: str, host: str | None) -> str:
        """Start an agent: alone in a new host of its name, or in the existing ``host``."""
        blob = pack_agent(agent)
        if host is not None:
            _, actor = await self.find(host)
            await call(actor.add_agent.remote(blob, name))
            return make_address(name, host)
        await self.create_host(name, blob)
        return name

    async def create_host(self, name: str, blob: bytes | None = None) -> HostInfo:
        """Start a host, with an agent of the same name when ``blob`` is given. Raises ``SpawnError``."""
        actor = await asyncio.to_thread(create_actor, self._host_class, self._settings, name)
        try:
            async with asyncio.timeout(_BOOT_S):
                info: HostInfo = await call(actor.boot.remote(blob))
        except BaseException as exc:
            ray.kill(actor)
            if isinstance(exc, TimeoutError):
                raise SpawnError(
                    f"{name}: its process did not start in {_BOOT_S:g} s; is the cluster full?"
                ) from exc
            raise
        return info

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
        try:
            ending = actor.kill_agents.remote(reason) if kill else actor.stop.remote(reason, drain)
            self._own.dead_letters.absorb(await call(ending))
        except AgentDied:
            pass  # it is gone, which is what was wanted
        await self._ask_directory("gone", info.name, info.incarnation, reason)
        if line is not None:
            line.close()
            error = AgentStopped(f"{info.name} is stopped: {reason}")
            self._own.out.link_lost(line.link, error, Reason.STOPPED)
        await asyncio.to_thread(ray.kill, actor)

    async def fetch(self, host: str, message_id: bytes) -> Reply:
        """Get a large answer through the object store."""
        line = self._lines.get(host)
        actor = line.actor if line is not None else (await self.find(host))[1]
        fields = await call(actor.fetch.remote(message_id))
        return Reply(*fields)

    def close(self) -> None:
        """Let go of all lines."""
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


async def call(result: Any) -> Any:
    """Await a host method's result; its typed error is raised as it was, Ray's as :class:`AgentDied`."""
    try:
        good, value = await result
    except RayError as exc:
        raise AgentDied(f"the host did not answer: {str(exc).splitlines()[0]}", dead=is_death(exc)) from exc
    if not good:
        raise unpack_error(value)
    return value
