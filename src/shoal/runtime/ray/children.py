"""A supervisor's children on Ray: each in a process of its own, known to the directory by parent.

Children outlive their supervisor's process: its next incarnation finds them in the directory and watches them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ray

from shoal.runtime.errors import ConfigError
from shoal.runtime.ray.cluster import RayPeers, call_system, pack_agent
from shoal.runtime.ray.creation import start_host
from shoal.runtime.ray.records import HostInfo, HostRecord, Reservation, Tenant
from shoal.runtime.ray.settings import Settings
from shoal.runtime.ray.watcher import Watcher, is_alive
from shoal.runtime.ref import check_name
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.supervised import agent_of, name_of_child
from shoal.runtime.supervision import (
    Added,
    Adopt,
    ChildSpec,
    Event,
    Exit,
    Exited,
    ExitKind,
    Living,
    SupervisorSpec,
)
from shoal.runtime.supervision.specs import Shutdown


class RayChildren:
    """The children of the supervisor at ``address``, which lives in ``host``."""

    def __init__(
        self, peers: RayPeers, settings: Settings, host_class: type, address: str, host: str
    ) -> None:
        self._peers = peers
        self._settings = settings
        self._host_class = host_class
        self._address = address
        self._host = host
        self._watcher = Watcher(settings, self._ended)
        self._heard: Callable[[Event], None] = lambda event: None
        self._starting: dict[int, asyncio.Task[Any]] = {}
        self._up: dict[int, HostInfo] = {}
        self._tokens: dict[tuple[str, int], tuple[str, int]] = {}
        """By name and generation of a living child: its id and token."""
        self._generations: dict[str, int] = {}
        self._own: dict[str, ChildSpec] = {}
        self._dynamic = False
        self._errands: set[asyncio.Task[Any]] = set()

    def hear(self, heard: Callable[[Event], None]) -> None:
        """Say who is told of exits."""
        self._heard = heard

    def generation(self, id: str) -> int | None:
        """Which incarnation of its name a child is, or was last."""
        return self._generations.get(id)

    # -- what an earlier incarnation left ------------------------------------------------------------------

    async def found(self, spec: SupervisorSpec) -> Adopt | None:
        """The living, the missing and those that are down, from the directory; ``None`` when there are none."""
        self._own = {} if spec.dynamic else {child.id: child for child in spec.children}
        self._dynamic = spec.dynamic
        records: list[HostRecord] = await self._peers.ask_system("children", self._address)
        records = [record for record in records if not record.resting]
        if not records:
            return None
        infos = [record.info for record in records if record.gone is None and record.info is not None]
        alive = dict(
            zip([info.name for info in infos], await asyncio.gather(*map(is_alive, infos)), strict=True)
        )
        return self._sort(records, alive)

    def _sort(self, records: list[HostRecord], alive: dict[str, bool]) -> Adopt:
        living: dict[str, Living] = {}
        ended: dict[str, Exit] = {}
        added: dict[str, Added] = {}
        down: set[str] = set()
        for token, record in enumerate(records, 1):
            id = record.name.removeprefix(name_of_child(self._address, ""))
            self._generations[id] = record.generation
            extra: Added = ray.cloudpickle.loads(record.added) if record.added else Added()
            if record.gone is not None:
                ended[id] = Exit(
                    kind=ExitKind.ERROR if record.died else ExitKind.SHUTDOWN, text=record.gone, who=id
                )
                if record.down:
                    down.add(id)
            elif record.info is not None and alive[record.name]:
                living[id] = Living(token, record.name, extra.spec, extra.extra)
                self._took_on(id, token, record.info)
                continue
            if record.added and (record.gone is None or record.down):
                added[id] = extra
        return Adopt(living, ended, added, frozenset(down))

    # -- starting and stopping -----------------------------------------------------------------------------

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start an incarnation in a process of its own; returns its address."""
        task = asyncio.current_task()
        assert task is not None
        self._starting[token] = task
        try:
            info = await self._boot(id, spec, extra)
        finally:
            del self._starting[token]
        self._took_on(id, token, info)
        return info.name

    async def _boot(self, id: str, spec: ChildSpec, extra: Any) -> HostInfo:
        if spec.host is not None:
            raise ConfigError(f"child {id!r}: host: on Ray each child has a process of its own; leave it out")
        name = check_name(name_of_child(self._address, id))
        tenants = (Tenant(name, pack_agent(agent_of(spec, extra))),)
        policy = RestartPolicy(spec.restart.value, supervisor=self._address)
        reserved: Reservation = await call_system(
            self._peers, "reserve", name, self._address, policy, tenants, self._added(id, spec, extra)
        )
        self._generations[id] = reserved.generation
        record = HostRecord(name, reserved.generation, self._address, policy, tenants)
        try:
            info, _ = await start_host(
                self._host_class, self._settings, record, reserved.spare, self._watcher.suspects(name)
            )
        except BaseException:
            # Shielded: also when the start is called off, the name must become free.
            await asyncio.shield(self._peers.ask_system("release", name, record.generation))
            raise
        return info

    def _added(self, id: str, spec: ChildSpec, extra: Any) -> bytes:
        """What the supervisor's next incarnation has to know of a child that is none of its own specs."""
        if self._own.get(id) is spec:
            return b""
        return pack_agent(Added(None if self._dynamic else spec, extra))

    def _took_on(self, id: str, token: int, info: HostInfo) -> None:
        self._up[token] = info
        self._tokens[info.name, info.generation] = (id, token)
        self._watcher.watch(info)

    async def stop(self, id: str, token: int, how: Shutdown, *, again: bool) -> Exit | None:
        """Stop an incarnation; one that is only starting is called off."""
        starting = self._starting.get(token)
        if starting is not None:
            starting.cancel()
            await asyncio.wait({starting})
        info = self._let_go(token)
        if info is None:
            return None
        reason = f"stopped by its supervisor {self._address}"
        exit = await self._watcher.stop(info, reason, how, again=again)
        await self._peers.ask_system("lost", info.name, info.generation)
        return exit

    def _let_go(self, token: int) -> HostInfo | None:
        info = self._up.pop(token, None)
        if info is not None:
            self._watcher.release(info.name)
            del self._tokens[info.name, info.generation]
        return info

    def _ended(self, info: HostInfo, exit: Exit) -> None:
        id, token = self._tokens[info.name, info.generation]
        self._let_go(token)
        self._errand(self._peers.ask_system("lost", info.name, info.generation))
        self._heard(Exited(id, token, exit))

    # -- telling the system --------------------------------------------------------------------------------

    async def down(self, id: str, reason: str, *, died: bool, kept: bool) -> None:
        """A child is not started again by itself: its senders need not wait."""
        name = name_of_child(self._address, id)
        self._watcher.forget(name)
        generation = self._generations.get(id) if kept else self._generations.pop(id, None)
        if generation is not None:
            await self._peers.ask_system("end_host", name, generation, reason, died, kept)

    async def rest(self) -> None:
        """The supervisor has ended in order: whoever decides on it decides on its children's names."""
        self._watcher.close()
        await self._peers.ask_system("rest", self._address)
        if self._address != self._host:
            await self._peers.ask_system("end_children", self._address, "it has ended")

    def note(self, event: dict[str, Any]) -> None:
        """Something happened to a child: the system keeps a list."""
        self._errand(self._peers.ask_system("note", event))

    def close(self, *, kill: bool = False) -> None:
        """Let go of the children. What is to be killed the system kills: this process ends too."""
        self._watcher.close()

    def _errand(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled():
            task.exception()  # the system is gone, and this process with it in a moment
