"""The system actor: the directory and the keeper of one system, in one small process on the client's node.

It is owned by the client, so it ends when the client does, however the client ends; and every host holds a
``lifeline`` call on it, so that no host outlives its system. When it dies alone, the client starts another: that one
reads the records and adopts the hosts that live. Methods that can fail return ``(True, value)`` or
``(False, packed error)``.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from shoal.runtime.errors import NameTaken
from shoal.runtime.failure import pack_error
from shoal.runtime.logs import set_up_logs
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.directory import NAMESPACE, Directory, directory_name
from shoal.runtime.ray.host_actor import HostActor
from shoal.runtime.ray.keeper import Keeper
from shoal.runtime.ray.record_store import RecordStore
from shoal.runtime.ray.records import HostInfo, HostRecord, Reservation, Tenant, Whereabouts
from shoal.runtime.ray.settings import Settings
from shoal.runtime.ray.spares import Spares
from shoal.runtime.ref import make_address
from shoal.runtime.restart_policy import RestartPolicy
from shoal.runtime.supervision import Exit


class SystemActor:
    """The actor. Its methods are called by hosts and clients of the system, through Ray."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._end = asyncio.Event()
        self._ending = False

    async def open(self) -> int:
        """Read what there is and keep it. Returns this process's id."""
        set_up_logs()
        self._store = RecordStore(self._settings.system)
        self._directory = Directory(self._store)
        self._spares = Spares(self._settings, HostActor, str(os.getpid()))
        self._keeper = Keeper(self._settings, self._directory, HostActor, self._spares)
        for record in list(self._directory):
            self._take_over(record)
        await asyncio.to_thread(
            self._spares.end_those_of_others, [info.actor for info in self._directory.hosts()]
        )
        return os.getpid()

    def _take_over(self, record: HostRecord) -> None:
        """Keep what the system actor before this one kept."""
        if record.info is None:
            self._directory.release(record.name, record.generation)  # it was never up; who asked asks again
            return
        if record.info.generation != record.generation and not record.policy.supervisor:
            # It was being started again. Whatever comes of that now is not wanted: it has no one to answer to.
            self._directory.again(record.name, record.generation + 1)
        self._keeper.adopt(record.info)

    # -- starting and stopping -----------------------------------------------------------------------------

    async def reserve(
        self, name: str, parent: str, policy: RestartPolicy, tenants: tuple[Tenant, ...], added: bytes = b""
    ) -> tuple[bool, Any]:
        """Take a name for a host about to be started.

        An agent that was started again and wants a child that it has already gets that one.
        """
        living = self._directory.living_child(name, parent)
        if living is not None and not policy.supervisor:
            return True, Reservation(living.generation, None, living)
        try:
            record = self._directory.reserve(name, parent, policy, tenants, added)
        except NameTaken as error:
            return False, pack_error(error)
        return True, Reservation(record.generation, self._spares.take())

    async def release(self, name: str, generation: int) -> None:
        """What was reserved did not come up."""
        for parent in self._directory.parents_in(name):
            self._keeper.end_children(parent, f"{name} did not start")
        self._directory.release(name, generation)

    async def register(self, info: HostInfo) -> bool:
        """A host is up; ``False``: it is not wanted."""
        if self._ending or not self._directory.register(info):
            return False
        self._keeper.adopt(info)
        self._spares.postpone()
        return True

    async def stopping(self, name: str) -> None:
        """Somebody stops this host."""
        self._keeper.release(name)

    async def gone(self, name: str, generation: int | None, reason: str) -> None:
        """A host was stopped for good; one that has a supervisor is left to that."""
        self._keeper.release(name)
        record = self._directory.record(name)
        if record is not None and record.policy.supervisor and not self._ending:
            self._directory.lost(name, generation)
        else:
            self._keeper.end(name, generation, reason)

    # -- for supervisors -----------------------------------------------------------------------------------

    async def children(self, parent: str) -> list[HostRecord]:
        """What is known of an agent's children, oldest first; those that are gone too."""
        return self._directory.children(parent)

    async def lost(self, name: str, generation: int) -> None:
        """A supervised host has ended; its supervisor decides whether it comes again."""
        self._directory.lost(name, generation)

    async def end_host(self, name: str, generation: int, reason: str, died: bool, down: bool) -> None:
        """A supervised host is gone for good, as far as its supervisor goes."""
        self._keeper.end(name, generation, reason, died=died, down=down)

    async def rest(self, parent: str) -> None:
        """A supervisor has ended in order, its children with it."""
        self._directory.rest(parent)

    async def end_children(self, parent: str, reason: str) -> None:
        """An agent that has no host of its own is gone for good, and with it all that it started."""
        self._keeper.end_children(parent, reason)

    async def note(self, event: dict[str, Any]) -> None:
        """Something happened to a child of a supervisor."""
        self._keeper.note(event)

    async def failed(self) -> Exit:
        """Returns once an agent without a supervisor was given up, and why."""
        return await asyncio.shield(self._keeper.failure())

    async def add_tenant(self, name: str, tenant: Tenant) -> None:
        """An agent was started in a host."""
        self._directory.add_tenant(name, tenant)

    async def drop_tenant(self, name: str, tenant: str) -> None:
        """An agent of a host was stopped."""
        self._directory.drop_tenant(name, tenant)
        self._keeper.end_children(make_address(tenant, name), "it was stopped")

    # -- asking --------------------------------------------------------------------------------------------

    async def lookup(self, name: str) -> Whereabouts:
        """Where a host is; or, when it is not there, why."""
        return self._directory.lookup(name)

    async def follow(self, name: str, incarnation: bytes | None) -> Whereabouts:
        """Where a host is once that is decided."""
        return await self._directory.follow(name, incarnation)

    async def hosts(self) -> list[HostInfo]:
        """All hosts that are up, oldest first."""
        return self._directory.hosts()

    async def roots(self) -> list[str]:
        """The hosts that no agent started."""
        return [record.name for record in self._directory if not record.parent]

    async def serves(self, name: str, incarnation: bytes, url: str) -> None:
        """A host serves the metrics of its node."""
        self._directory.serves(name, incarnation, url)

    async def restarts(self) -> dict[str, int]:
        """How often each host was started again."""
        return dict(self._keeper.restart_counts)

    async def events(self, after: float = 0.0) -> list[dict[str, Any]]:
        """What happened to hosts from the wall-clock second ``after`` on, oldest first."""
        return [event for event in self._keeper.events if event["at"] >= after]

    async def pid(self) -> int:
        """This process."""
        return os.getpid()

    # -- life ----------------------------------------------------------------------------------------------

    async def lifeline(self) -> None:
        """Returns when the system is shut down; fails when this process died."""
        await self._end.wait()

    async def closing(self) -> None:
        """The client shuts the system down: nothing is started again."""
        self._ending = True
        self._keeper.close()
        self._spares.close()

    async def end(self) -> None:
        """Release all lifelines: the hosts exit; nothing is kept."""
        await self.closing()
        self._end.set()
        self._store.clear()


def create_system_actor(settings: Settings) -> Any:
    """Start the system actor, on this process's node; it dies with this process."""
    options: dict[str, Any] = {
        "name": directory_name(settings.system),
        "namespace": NAMESPACE,
        "max_concurrency": 100_000,
    }
    if settings.client_node:
        # A node that dies with agents on it must not take this along; the client's own node dies with the client.
        options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(settings.client_node, soft=False)
    return ray.remote(num_cpus=0)(SystemActor).options(**options).remote(settings)


def find_system_actor(system: str) -> Any:
    """Its handle, or ``None``."""
    return actor_by_name(directory_name(system), NAMESPACE)
