"""The directory: which host is where, which is coming (again), and which is gone for good and why.

Plain data and waiting, without Ray: the system actor serves it. Every change is written through to the record store
before it is acknowledged, so that a new system actor goes on where the last one was killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from shoal.runtime.errors import NameTaken
from shoal.runtime.ray.records import HostInfo, HostRecord, Tenant, Whereabouts
from shoal.runtime.ref import host_of
from shoal.runtime.restart_policy import RestartPolicy

NAMESPACE = "shoal"
_GONE_KEPT = 10_000


def directory_name(system: str) -> str:
    """The Ray name of a system's directory."""
    return f"{system}/directory"


class Store(Protocol):
    """Where records are kept."""

    def put(self, record: HostRecord) -> None: ...

    def drop(self, name: str) -> None: ...

    def all(self) -> list[HostRecord]: ...


class Directory:
    """Records by name. All calls on one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records = {record.name: record for record in store.all()}
        self._coming: set[str] = set()
        self._gone: dict[str, None] = {
            name: None for name, known in self._records.items() if known.gone is not None
        }
        self._changed: dict[str, asyncio.Event] = {}
        self._children: dict[str, dict[str, dict[str, None]]] = {}
        """By host and then address of a parent: the names of its children, oldest first."""
        for record in self._records.values():
            self._index(record)
            if record.resting:
                self._coming.add(record.name)

    def __iter__(self) -> Iterator[HostRecord]:
        """Those that are not gone, oldest first."""
        return iter([record for record in self._records.values() if record.gone is None])

    def record(self, name: str) -> HostRecord | None:
        """What is known of a name."""
        return self._records.get(name)

    # -- coming and going ----------------------------------------------------------------------------------

    def reserve(
        self,
        name: str,
        parent: str,
        policy: RestartPolicy,
        tenants: tuple[Tenant, ...],
        added: bytes = b"",
    ) -> HostRecord:
        """Take a name for a host that is about to be started. Raises :class:`NameTaken`.

        A parent has its children's names: it may start each of them again, and must see to it that the one before
        is gone (see :meth:`living_child`).
        """
        known = self._records.get(name)
        info = None
        if known is not None and known.gone is None:
            if not parent or known.parent != parent:
                raise NameTaken(f"the name {name!r} is in use in this system", parent=known.parent)
            info = known.info  # whoever follows it waits for another incarnation than this one
        generation = 1 if known is None else known.generation + 1
        record = HostRecord(name, generation, parent, policy, tenants, info, added=added)
        self._gone.pop(name, None)
        self._coming.add(name)
        self._put(record)
        return record

    def living_child(self, name: str, parent: str) -> HostInfo | None:
        """Where the host of this name is, if it is up and a child of ``parent`` already."""
        known = self._records.get(name)
        if known is None or known.gone is not None or not parent or known.parent != parent:
            return None
        up = known.info is not None and known.info.generation == known.generation and not known.resting
        return known.info if up else None

    def release(self, name: str, generation: int) -> None:
        """What was reserved did not come up: as if it had never been asked for.

        One that was up before is still expected: whoever keeps it decides.
        """
        known = self._records.get(name)
        if known is not None and known.generation == generation and known.info is None:
            self._coming.discard(name)
            self._unindex(known)
            del self._records[name]
            self._store.drop(name)
            self._wake(name)

    def again(self, name: str, generation: int) -> HostRecord | None:
        """The host is being started again as ``generation``; ``None`` when it is not wanted any more."""
        known = self._records.get(name)
        if known is None or known.gone is not None:
            return None
        record = replace(known, generation=max(generation, known.generation))
        self._coming.add(name)
        self._put(record)
        return record

    def lost(self, name: str, generation: int | None = None) -> None:
        """The host's process ended; whether it comes again is being decided."""
        known = self._records.get(name)
        if known is None or known.gone is not None:
            return
        if generation is None or (known.info is not None and known.info.generation == generation):
            self._coming.add(name)

    def register(self, info: HostInfo) -> bool:
        """A host is up. ``False``: it is none that is wanted, and must end."""
        known = self._records.get(info.name)
        if known is None or known.gone is not None or known.generation != info.generation:
            return False
        self._coming.discard(info.name)
        self._put(replace(known, info=info, resting=False))
        return True

    def end(
        self, name: str, generation: int | None, reason: str, *, died: bool = False, down: bool = False
    ) -> bool:
        """A host is gone for good; ``False`` when it was already. Word of another generation is ignored.

        ``down``: its supervisor keeps its spec, and may start it again.
        """
        known = self._records.get(name)
        if known is None:
            known = HostRecord(name, 0)
        if generation is not None and known.generation != generation:
            return False
        if known.gone is not None:
            if known.down and not down:
                self._put(replace(known, down=False, added=b""))
            return False
        self._coming.discard(name)
        self._gone[name] = None
        # Its code is not needed any more; the generation is, should the name be used again.
        added = known.added if down else b""
        self._put(replace(known, gone=reason, died=died, tenants=(), added=added, resting=False, down=down))
        if len(self._gone) > _GONE_KEPT:
            oldest = next(iter(self._gone))
            self._unindex(self._records[oldest])
            del self._gone[oldest], self._records[oldest]
            self._store.drop(oldest)
        return True

    # -- children ------------------------------------------------------------------------------------------

    def children(self, parent: str) -> list[HostRecord]:
        """What is known of an agent's children, oldest first; those that are gone too."""
        names = self._children.get(host_of(parent), {}).get(parent, {})
        return [self._records[name] for name in names]

    def parents_in(self, host: str) -> list[str]:
        """The agents of a host of whom children are known."""
        return list(self._children.get(host, {}))

    def rest(self, parent: str) -> None:
        """A supervisor has ended in order, its children with it: whether they come again is its keeper's to decide."""
        for record in self.children(parent):
            if record.gone is not None:
                self.disown(record.name)
            else:
                self._coming.add(record.name)
                self._put(replace(record, resting=True))

    def disown(self, name: str) -> None:
        """One that is gone is nobody's child any more."""
        known = self._records.get(name)
        if known is not None and known.gone is not None and known.parent:
            self._put(replace(known, parent="", down=False, added=b""))

    # -- tenants -------------------------------------------------------------------------------------------

    def add_tenant(self, name: str, tenant: Tenant) -> None:
        """An agent (or a group) was started in a host."""
        known = self._records.get(name)
        if known is not None:
            self._put(known.with_tenant(tenant))

    def drop_tenant(self, name: str, tenant: str) -> None:
        """An agent of a host was stopped."""
        known = self._records.get(name)
        if known is not None and any(one.name == tenant for one in known.tenants):
            self._put(known.without_tenant(tenant))

    # -- asking --------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Whereabouts:
        """Where a host is; or, when it is not there, why."""
        known = self._records.get(name)
        if known is None:
            return Whereabouts(None, None)
        return Whereabouts(known.info, known.gone, name in self._coming, known.died)

    async def follow(self, name: str, incarnation: bytes | None) -> Whereabouts:
        """Where a host is, once it is decided: waits while it is coming, or is still ``incarnation``, which is dead."""
        while True:
            found = self.lookup(name)
            stale = found.info is not None and found.info.incarnation == incarnation
            if found.gone is not None or not (found.coming or stale):
                return found
            await self._changed.setdefault(name, asyncio.Event()).wait()

    def hosts(self) -> list[HostInfo]:
        """All hosts that are up, oldest first."""
        return [r.info for r in self if r.info is not None and r.name not in self._coming]

    def serves(self, name: str, incarnation: bytes, url: str) -> None:
        """A host serves the metrics of its node, at ``url``; whoever did before does not any more."""
        known = self._records.get(name)
        if known is None or known.info is None or known.info.incarnation != incarnation:
            return
        for other in list(self):
            if other.info is not None and other.info.node == known.info.node:
                url_now = url if other.name == name else ""
                if other.info.metrics != url_now:
                    self._put(replace(other, info=other.info._replace(metrics=url_now)))

    # -- inside --------------------------------------------------------------------------------------------

    def _index(self, record: HostRecord) -> None:
        if record.parent:
            of_host = self._children.setdefault(host_of(record.parent), {})
            of_host.setdefault(record.parent, {})[record.name] = None

    def _unindex(self, record: HostRecord) -> None:
        of_host = self._children.get(host_of(record.parent), {})
        names = of_host.get(record.parent, {})
        names.pop(record.name, None)
        if not names:
            of_host.pop(record.parent, None)
        if not of_host:
            self._children.pop(host_of(record.parent), None)

    def _put(self, record: HostRecord) -> None:
        self._store.put(record)
        known = self._records.get(record.name)
        if known is None or known.parent != record.parent:
            if known is not None:
                self._unindex(known)
            self._index(record)
        self._records[record.name] = record
        self._wake(record.name)

    def _wake(self, name: str) -> None:
        event = self._changed.pop(name, None)
        if event is not None:
            event.set()
