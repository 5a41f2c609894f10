"""Creating the Ray actor of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray

from shoal.runtime.errors import NameTaken, SpawnError
from shoal.runtime.ray.directory import NAMESPACE, actor_name

if TYPE_CHECKING:
    from shoal.runtime.ray.settings import Settings


def create_actor(host_class: type, settings: Settings, name: str) -> Any:
    """Start the actor of a host. Raises :class:`NameTaken` or :class:`SpawnError`."""
    # max_restarts=0: Ray would restart without order or backoff, behind the back of whoever supervises.
    options: dict[str, Any] = {
        "name": actor_name(settings.system, name),
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "max_restarts": 0,
        "max_concurrency": 100_000,
    }
    remote: Any = ray.remote  # its annotations know nothing of concurrency groups
    actor_class = remote(num_cpus=0, concurrency_groups={"control": 64})(host_class)
    try:
        return actor_class.options(**options).remote(settings, name)
    except ValueError as exc:
        if "already" in str(exc):
            raise NameTaken(f"the name {name!r} is in use in this system") from exc
        raise SpawnError(f"{name}: Ray refused to start its process: {exc}") from exc
