"""``shoal.start``: which system a target means, and starting it."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import Any

from shoal.runtime.config import make_config
from shoal.runtime.errors import ConfigError
from shoal.runtime.host import Host
from shoal.runtime.system import System


class Starting:
    """What ``shoal.start`` returns: await it, or enter it with ``async with``."""

    def __init__(self, target: str | None, settings: dict[str, Any]) -> None:
        self._target = target
        self._config = make_config(settings)
        self._system: System | None = None

    def __await__(self) -> Generator[Any, None, System]:
        return self._start().__await__()

    async def __aenter__(self) -> System:
        self._system = await self._start()
        return await self._system.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._system is not None:
            await self._system.__aexit__(kind, exc, trace)

    async def _start(self) -> System:
        if self._target == "local":
            system = System(self._config, Host("local", self._config), "local")
            system._begin()
            return system
        from shoal.runtime.ray.system import start_on_ray  # noqa: PLC0415 - the local system needs no Ray

        return await start_on_ray(self._target, self._config)


def start(target: str | None = None, **settings: Any) -> Starting:
    """Start a system.

    ``target``: ``None`` starts Ray on this machine (or uses the session this process has); ``"local"`` runs every
    agent in this process, without Ray; ``"auto"``, ``"host:port"`` or ``"ray://host:port"`` join a running cluster.
    ``settings`` are the fields of :class:`~shoal.runtime.config.Config`.

    Raises ``ConfigError`` for a bad setting at once, ``StartError`` when Ray cannot be reached.
    """
    if target is not None and (not isinstance(target, str) or not target):
        raise ConfigError(
            f"target is {target!r}; give 'local', 'auto', 'host:port', 'ray://host:port' or nothing"
        )
    return Starting(target, settings)
