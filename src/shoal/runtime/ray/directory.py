"""The directory: one small Ray actor that knows which host is where, and which is gone and why.

It is owned by the client, so it ends when the client does, however the client ends; and every host holds a
``lifeline`` call on it, so that no host outlives its system. Processes ask it once per host they talk to.
"""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import ray

NAMESPACE = "shoal"
_GONE_KEPT = 10_000


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


def directory_name(system: str) -> str:
    """The Ray name of a system's directory."""
    return f"{system}/directory"


def actor_name(system: str, host: str) -> str:
    """The Ray name of a host's actor."""
    return f"{system}/host/{host}"


class Directory:
    """The actor. Its methods are called by hosts and clients of the system, through Ray."""

    def __init__(self) -> None:
        self._hosts: dict[str, HostInfo] = {}
        self._gone: dict[str, str] = {}
        self._end = asyncio.Event()

    async def register(self, info: HostInfo) -> None:
        """A host is up."""
        self._hosts[info.name] = info
        self._gone.pop(info.name, None)

    async def gone(self, name: str, incarnation: bytes | None, reason: str) -> None:
        """A host is gone. A report about another incarnation than the current one is ignored."""
        known = self._hosts.get(name)
        if known is not None and incarnation is not None and known.incarnation != incarnation:
            return
        self._hosts.pop(name, None)
        self._gone[name] = reason
        if len(self._gone) > _GONE_KEPT:
            del self._gone[next(iter(self._gone))]

    async def lookup(self, name: str) -> tuple[HostInfo | None, str | None]:
        """Where a host is; or, when it is not there, why (``None``: never heard of it)."""
        return self._hosts.get(name), self._gone.get(name)

    async def hosts(self) -> list[HostInfo]:
        """All hosts, oldest first."""
        return list(self._hosts.values())

    async def serves(self, name: str, incarnation: bytes, url: str) -> None:
        """A host serves the metrics of its node, at ``url``; whoever did before does not any more."""
        known = self._hosts.get(name)
        if known is None or known.incarnation != incarnation:
            return
        for other in list(self._hosts.values()):
            if other.node == known.node:
                self._hosts[other.name] = other._replace(metrics=url if other.name == name else "")

    async def lifeline(self) -> None:
        """Returns when the system is shut down; fails when its client died."""
        await self._end.wait()

    async def end(self) -> None:
        """Release all lifelines: the hosts exit."""
        self._end.set()


def create_directory(system: str) -> Any:
    """Start the directory of a new system; it dies with this process."""
    actor = ray.remote(num_cpus=0)(Directory)
    return actor.options(name=directory_name(system), namespace=NAMESPACE, max_concurrency=100_000).remote()
