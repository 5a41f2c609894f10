"""Creating the Ray actor of a host, and booting what lives in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from shoal.runtime.errors import AgentDied, NameTaken, SpawnError
from shoal.runtime.failure import unpack_error
from shoal.runtime.place import PLAIN, Place, place_of
from shoal.runtime.ray.calls import actor_by_name, is_death
from shoal.runtime.ray.directory import NAMESPACE

if TYPE_CHECKING:
    from shoal.runtime.ray.records import HostInfo, HostRecord
    from shoal.runtime.ray.settings import Settings

BOOT_S = 120.0
"""Longest wait for a new host's process; a loaded 2-core machine starts 20 in 6 s."""


def create_actor(
    host_class: type, settings: Settings, label: str, node: str = "", place: Place = PLAIN
) -> Any:
    """Start the actor of a host, on a node if one is named. Raises :class:`NameTaken` or :class:`SpawnError`."""
    # max_restarts=0: Ray would restart without order or backoff, behind the back of whoever supervises.
    options: dict[str, Any] = {
        "name": f"{settings.system}/host/{label}",
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "max_restarts": 0,
        "max_concurrency": 100_000,
        **place.options(),
    }
    strategy = _strategy(settings, node, place)
    if strategy is not None:
        options["scheduling_strategy"] = strategy
    remote: Any = ray.remote  # its annotations know nothing of concurrency groups
    actor_class = remote(concurrency_groups={"control": 64})(host_class)
    try:
        return actor_class.options(**options).remote(settings)
    except ValueError as exc:
        if "already" in str(exc):
            raise NameTaken(f"the name {label!r} is in use in this system") from exc
        raise SpawnError(f"{label}: Ray refused to start its process: {exc}") from exc


def _strategy(settings: Settings, node: str, place: Place) -> Any:
    if node:
        return NodeAffinitySchedulingStrategy(node, soft=False)
    if place.labels:
        return None  # Ray takes either a strategy or labels
    if settings.config.placement == "spread":
        return "SPREAD"
    if settings.config.placement == "pack" and settings.client_node:
        return NodeAffinitySchedulingStrategy(settings.client_node, soft=True)
    return None


async def start_host(
    host_class: type,
    settings: Settings,
    record: HostRecord,
    spare: str | None,
    suspects: dict[bytes, int],
    came_up: Callable[[], bool] = lambda: False,
    *,
    again: int = 0,
) -> tuple[HostInfo, Any]:
    """Start the process of a host, in a warm ``spare`` if there is one, and boot it. Raises ``SpawnError``.

    ``suspects``: messages in whose handling earlier incarnations died, and how often. ``came_up``: whether this
    incarnation is known to have been up, so that its end is heard of by who keeps it. ``again``: how often this was
    tried in vain; Ray may still have the actors of those tries.
    """
    actor = await asyncio.to_thread(actor_by_name, spare, NAMESPACE) if spare else None
    node = record.policy.node or (settings.client_node if record.policy.with_client else "")
    place = PLAIN if record.policy.with_client else place_of(settings.config.places, record.name)
    if actor is not None and not place.plain:
        ray.kill(actor)  # it has taken nothing of its node
        actor = None
    if actor is not None and node and await asyncio.to_thread(_several_nodes):
        ray.kill(actor)  # nobody knows which node it is on
        actor = None
    if actor is not None:
        try:
            return await _boot(actor, record, suspects), actor
        except AgentDied:
            # A spare that had died itself: the name is still ours. One that died right after it came up is not tried
            # again here: who keeps it starts the next incarnation, and there would be two.
            if came_up():
                raise
    label = record.name if record.generation == 1 else f"{record.name}#{record.generation}"
    label = f"{label}~{again}" if again else label
    actor = await _create(host_class, settings, label, node, place)
    return await _boot(actor, record, suspects, place), actor


def _several_nodes() -> bool:
    return sum(bool(node["Alive"]) for node in ray.nodes()) > 1  # type: ignore[no-untyped-call]


async def _create(host_class: type, settings: Settings, label: str, node: str, place: Place) -> Any:
    create = asyncio.to_thread(create_actor, host_class, settings, label, node, place)
    creating = asyncio.ensure_future(create)
    try:
        return await asyncio.shield(creating)
    except asyncio.CancelledError:
        # The thread goes on: what it creates must not stay.
        creating.add_done_callback(_kill_created)
        raise


def _kill_created(creating: asyncio.Future[Any]) -> None:
    if not creating.cancelled() and creating.exception() is None:
        ray.kill(creating.result())


async def _boot(actor: Any, record: HostRecord, suspects: dict[bytes, int], place: Place = PLAIN) -> HostInfo:
    try:
        async with asyncio.timeout(BOOT_S):
            await call(actor.prepare.remote())
        # How long its agents may take to start is their handlers' limit: a supervisor starts all its children.
        info: HostInfo = await call(actor.boot.remote(record, suspects))
    except BaseException as exc:
        ray.kill(actor)
        if isinstance(exc, TimeoutError):
            needs = "" if place.plain else f" (it needs {place})"
            raise SpawnError(
                f"{record.name}: its process did not start in {BOOT_S:g} s{needs}; is the cluster full?"
            ) from exc
        raise
    return info


async def call(result: Any) -> Any:
    """Await a host method's result; its typed error is raised as it was, Ray's as :class:`AgentDied`."""
    try:
        good, value = await result
    except RayError as exc:
        raise AgentDied(f"the host did not answer: {str(exc).splitlines()[0]}", dead=is_death(exc)) from exc
    if not good:
        raise unpack_error(value)
    return value
