"""The system on Ray: the client's host, the system actor, and the hosts they started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import time
from collections import Counter
from typing import Any

import psutil
import ray
from ray.exceptions import RayError

from shoal.runtime.config import Config
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.durable.opening import default_run_dir
from shoal.runtime.errors import AgentDied, ShoalError, StartError
from shoal.runtime.host import Host
from shoal.runtime.journal.happenings import RESTARTING
from shoal.runtime.journal.records import Event
from shoal.runtime.metrics_endpoint import MetricsEndpoint
from shoal.runtime.metrics_snapshot import Snapshot
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.cluster import RayPeers, pack_agent
from shoal.runtime.ray.creation import call
from shoal.runtime.ray.directory import NAMESPACE
from shoal.runtime.ray.host_actor import HostActor
from shoal.runtime.ray.metrics_node import NodeMetrics, own_machine, own_node
from shoal.runtime.ray.record_store import sweep_stale_records
from shoal.runtime.ray.records import HostInfo
from shoal.runtime.ray.session import join, leave
from shoal.runtime.ray.settings import Settings
from shoal.runtime.ray.system_actor import create_system_actor
from shoal.runtime.ref import Ref, host_of, make_address
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.socket_server import sweep_stale_directories
from shoal.runtime.supervision import Exit
from shoal.runtime.system import System

_log = logging.getLogger("shoal.system")
_HEALTH_S = 1.0
SYSTEM = "(system)"
"""What the system's own actor is called in ``restarts``: no agent can have that name."""


class RaySystem(System):
    """A system whose agents are Ray actors."""

    _kind = "Ray"

    def __init__(self, config: Config, settings: Settings, peers: RayPeers, ours: bool, actor: Any) -> None:
        host = Host(f"client-{secrets.token_hex(3)}", config, peers)
        peers.bind(host)
        super().__init__(config, host, settings.system)
        self._settings = settings
        self._peers = peers
        self._ours = ours
        self._actor = actor
        self._guarding: asyncio.Task[None] | None = None
        self._restarts: Counter[str] = Counter()
        """What the present system actor has counted, when last asked."""
        self._restarts_before: Counter[str] = Counter()
        """What those before it had counted when they were last asked."""

    async def _spawn(self, agent: Any, name: str, host: str | None, policy: RestartPolicy) -> str:
        return await self._peers.spawn(agent, name, host, "", policy)

    async def _spawn_many(self, agent: Any, count: int, name: str, host: str | None) -> list[str]:
        blob = pack_agent(agent)
        if host is None:
            await self._start_host(name)
        where = host or name
        _, actor = await self._peers.find(where)
        await call(actor.add_agents.remote(blob, name, count))
        return [make_address(f"{name}-{index}", where) for index in range(count)]

    async def _start_host(self, name: str) -> None:
        await self._peers.create_host(name)

    # -- seeing --------------------------------------------------------------------------------------------

    async def _actors(self) -> list[tuple[HostInfo, Any]]:
        hosts: list[HostInfo] = await self._peers.ask_system("hosts")
        found = []
        for info in hosts:
            actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
            if actor is not None:
                found.append((info, actor))
        return found

    async def dead_letters(self) -> list[DeadLetter]:
        """The last dead letters of every host that answers, and of this client, oldest first."""
        letters = self._host.dead_letters.list()
        answers = [_within(actor.dead_letters.remote()) for _, actor in await self._actors()]
        for answer in await asyncio.gather(*answers):
            letters.extend(answer or [])
        return sorted(letters, key=lambda letter: letter.at)

    async def processes(self) -> dict[str, int]:
        """Process ids on this machine: of agents' hosts, by name, and of the system's own actor (``(system)``)."""
        hosts: list[HostInfo] = await self._peers.ask_system("hosts")
        here = {info.name: info.pid for info in hosts if info.node == self._settings.client_node}
        return {**here, SYSTEM: await self._peers.ask_system("pid")} if self._settings.client_node else {}

    async def restarts(self) -> dict[str, int]:
        """How often each agent's process was started again, and the system's own actor (``(system)``)."""
        self._restarts = Counter(await self._peers.ask_system("restarts"))
        return dict(self._restarts_before + self._restarts)

    async def _happened(self, after: float) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._peers.ask_system("events", after)
        return found

    async def wait_failed(self) -> Exit:
        """Wait until an agent that the system itself keeps was given up; returns why, with the chain of causes."""
        exit: Exit = await self._peers.ask_system("failed")
        return exit

    async def health(self, agent: Ref | str | None = None) -> list[dict[str, Any]]:
        """How the hosts are (of one agent, or all), answered also by a host whose event loop is blocked."""
        if agent is None:
            actors = await self._actors()
        else:
            actors = [await self._peers.find(host_of(agent if isinstance(agent, str) else agent.address))]
        answers = await asyncio.gather(*(_within(actor.health.remote()) for _, actor in actors))
        return [
            answer or {"host": info.name, "pid": info.pid, "answers": False}
            for (info, _), answer in zip(actors, answers, strict=True)
        ]

    async def metrics_endpoints(self) -> list[MetricsEndpoint]:
        """Where each node's metrics are served, this client's first; empty with ``metrics_port=None``."""
        hosts: list[HostInfo] = await self._peers.ask_system("hosts")
        served = [MetricsEndpoint(info.metrics, info.node, info.name) for info in hosts if info.metrics]
        return [*await super().metrics_endpoints(), *served]

    @property
    def _node(self) -> str:
        return self._settings.client_node or "client"

    @property
    def _machine(self) -> str:
        return own_machine()

    def _gather(self) -> list[Snapshot]:
        return NodeMetrics(self._settings.client_node, self._snapshot, self._settings.directory).gather()

    # -- life ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        super()._begin()
        self._guarding = asyncio.ensure_future(self._guard())

    async def _guard(self) -> None:
        """Start the system actor again when it dies alone: only this client can own it."""
        while True:
            try:
                await self._actor.lifeline.remote()
                return
            except RayError as exc:
                if self._closing is not None:
                    return
                _log.warning("the system actor died (%s); starting another", type(exc).__name__)
                self._restarts_before += self._restarts
                self._restarts = Counter()
            try:
                # Ray 2.60 keeps the name of an owned actor that was killed from outside until its owner kills it too.
                ray.kill(self._actor)
                self._actor = create_system_actor(self._settings)
                await self._actor.open.remote()
                self._restarts_before[SYSTEM] += 1
                if self._run is not None:
                    data = {"reason": "its process died", "restarts": self._restarts_before[SYSTEM]}
                    self._run.note_later([Event(time.time(), RESTARTING, SYSTEM, None, data)])
            except (RayError, ValueError) as exc:
                _log.warning("no system actor yet: %s", exc)
                await asyncio.sleep(0.1)

    async def _shutdown(self) -> None:
        try:
            try:
                await self._peers.ask_system("closing")
                await self._stop_hosts()
            except Exception as exc:  # Ray itself may be gone, and raises what it likes then
                _log.warning("the hosts could not be stopped in order: %s", exc)
            await self._host.close("the system was shut down")
            self._peers.close()
            with contextlib.suppress(Exception):
                await self._actor.end.remote()
            with contextlib.suppress(Exception):
                ray.kill(self._actor)
            if self._guarding is not None:
                # It ends with the lifeline. Cancelled before, Ray's client (ray://) would print a traceback for it.
                await asyncio.wait({self._guarding}, timeout=1.0)
        finally:
            if self._guarding is not None:
                self._guarding.cancel()
            self._watch.stop()
            await self._stop_metrics()
            shutil.rmtree(self._settings.socket_dir(), ignore_errors=True)
            if self._ours:
                await asyncio.to_thread(leave)

    async def _stop_hosts(self) -> None:
        """Newest first; each has its agents' grace and a little more, then it is killed."""
        limit_s = 2 * self.config.stop_grace_s + 5.0
        # What agents and supervisors started they stop themselves; what is left after that comes last.
        own = set(await self._peers.ask_system("roots"))
        newest_first = list(reversed(await self._actors()))
        for info, actor in sorted(newest_first, key=lambda found: found[0].name not in own):
            try:
                async with asyncio.timeout(limit_s):
                    stop = self._peers.stop_host(
                        info, actor, "the system was shut down", drain=False, kill=False
                    )
                    await stop
            except (TimeoutError, ShoalError) as exc:
                _log.warning("%s did not stop in order (%s); killed", info.name, exc)
                ray.kill(actor)


async def _within(result: Any) -> Any:
    try:
        async with asyncio.timeout(_HEALTH_S):
            return await call(result)
    except (TimeoutError, AgentDied):
        return None


async def start_on_ray(target: str | None, config: Config) -> RaySystem:
    """Join Ray and start a system on it. Raises :class:`StartError`."""
    ours = join(
        target, config.runtime_env
    )  # on the main thread: Ray sets signal handlers; nothing else runs here yet
    await asyncio.to_thread(sweep_stale_directories)
    name = f"shoal-{secrets.token_hex(4)}"
    if not config.run_dir:
        config = config.model_copy(update={"run_dir": str(default_run_dir(name))})
    started = psutil.Process().create_time()
    settings = Settings(name, secrets.token_bytes(32), config, own_node(), os.getpid(), started)
    try:
        actor = create_system_actor(settings)
        await actor.open.remote()
    except RayError as exc:
        if ours:
            leave()
        raise StartError(f"Ray could not start the system's own actor: {exc}") from exc
    await asyncio.to_thread(sweep_stale_records)
    system = RaySystem(config, settings, RayPeers(settings, HostActor), ours, actor)
    try:
        system._begin()
    except BaseException:
        await system.shutdown()
        raise
    return system
