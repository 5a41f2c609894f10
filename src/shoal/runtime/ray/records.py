"""What a system on Ray knows of its hosts: data that is kept in Ray's own store, so that it outlives every process."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from shoal.runtime.restart_policy import RestartPolicy


class HostInfo(NamedTuple):
    """Where a host is."""

    name: str
    actor: str
    """Name of its Ray actor."""
    node: str
    """Ray node id, hex."""
    pid: int
    socket: str
    """Path of its Unix socket; empty when it has none."""
    incarnation: bytes
    metrics: str
    """URL of the node's scrape endpoint when this host serves it; else empty."""
    generation: int = 1
    """Counts the incarnations of this name, from 1."""


@dataclass(frozen=True)
class Tenant:
    """An agent of a host, or a group of them, as it has to be started again. ``blob`` is Ray's pickle of the code."""

    name: str
    blob: bytes
    count: int | None = None
    """``None``: one agent called ``name``; else so many: ``name-0``, ``name-1``, ..."""


@dataclass(frozen=True)
class HostRecord:
    """All that is known of one name."""

    name: str
    generation: int
    parent: str = ""
    """Address of the agent that started it; empty: the client."""
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    tenants: tuple[Tenant, ...] = ()
    info: HostInfo | None = None
    """Its present, or last, incarnation; ``None`` while the first is being started."""
    gone: str | None = None
    """Why it is not there any more and will not come back."""
    died: bool = False
    """Whether it went by itself: what it was handling may have been done, or not."""
    added: bytes = b""
    """Of a child that its supervisor was given at run time: what it was given, as Ray's pickle."""
    resting: bool = False
    """Its supervisor stopped it and has itself ended: it comes again when that does."""
    down: bool = False
    """Of one that is gone: its supervisor still has its spec and starts it again when told to."""

    def with_tenant(self, tenant: Tenant) -> HostRecord:
        """With one more to start."""
        kept = tuple(known for known in self.tenants if known.name != tenant.name)
        return replace(self, tenants=(*kept, tenant))

    def without_tenant(self, name: str) -> HostRecord:
        """Without one that was stopped."""
        return replace(self, tenants=tuple(known for known in self.tenants if known.name != name))


class Whereabouts(NamedTuple):
    """The answer to "where is this host?"."""

    info: HostInfo | None
    """Where it is, or was last."""
    gone: str | None
    """Why it is gone for good; ``None``: it is there, or will be again (or was never heard of: then no info either)."""
    coming: bool = False
    """It is being started (again)."""
    died: bool = False
    """Of one that is gone: it was not stopped in order."""


class Reservation(NamedTuple):
    """A name that may be used now."""

    generation: int
    spare: str | None
    """Name of a warm actor to use; ``None``: start one."""
    living: HostInfo | None = None
    """The host that has the name already, where whoever asks is its parent: nothing is to be started."""
