"""``shoal.start``: which system a target means, and starting it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from shoal.runtime.config import make_config
from shoal.runtime.durable.run_effects import without_password
from shoal.runtime.errors import ConfigError
from shoal.runtime.extensions import check_settings, open_all
from shoal.runtime.host import Host
from shoal.runtime.journal.resuming import TakenRun, take_run
from shoal.runtime.journal.run_directory import check_run_id
from shoal.runtime.system import System


class Starting:
    """What ``shoal.start`` returns: await it, or enter it with ``async with``."""

    def __init__(
        self, target: str | None, run: str | bool, runs_root: Path | str | None, settings: dict[str, Any]
    ) -> None:
        self._target = target
        self._config = make_config(settings)
        check_settings(self._config)
        if self._config.journal != "tasks" and not run:
            raise ConfigError(
                f"journal={self._config.journal!r} needs a run to write to: give run=True or a name for it"
            )
        self._run = run
        self._root = runs_root
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
        system = await self._start_with_run() if self._run else await self._start_system()
        try:
            await open_all(system)
        except BaseException:
            await system.shutdown()
            raise
        return system

    async def _start_with_run(self) -> System:
        settings = self._config.model_dump(mode="json", exclude_defaults=True)
        if store := self._config.state_store:
            settings["state_store"] = without_password(store)
        taken = take_run(self._run, root=self._root, settings=settings, now=time.time())
        try:
            return await self._start_with(taken)
        except BaseException:
            directory = taken.directory
            await asyncio.to_thread(directory.close if taken.resumed else directory.discard)
            raise

    async def _start_with(self, taken: TakenRun) -> System:
        self._config = self._config.model_copy(update={"run_dir": str(taken.directory.path)})
        system = await self._start_system()
        try:
            await system._open_run(taken)
        except BaseException:
            await system.shutdown()
            raise
        return system

    async def _start_system(self) -> System:
        if self._target == "local":
            system = System(self._config, Host("local", self._config), "local")
            system._begin()
            return system
        from shoal.runtime.ray.system import start_on_ray  # noqa: PLC0415 - the local system needs no Ray

        return await start_on_ray(self._target, self._config)


@contextlib.contextmanager
def session(target: str | None, runtime_env: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Connect this process to Ray for several systems, one after the other: each is started on it, and leaves it there.

    ``target`` as of :func:`start`, and not ``"local"``. Raises ``StartError``.
    """
    from shoal.runtime.ray.session import join, leave  # noqa: PLC0415 - the local system needs no Ray

    ours = join(target, runtime_env)
    try:
        yield
    finally:
        if ours:
            leave()


def start(
    target: str | None = None,
    *,
    run: str | bool | None = None,
    runs_root: Path | str | None = None,
    **settings: Any,
) -> Starting:
    """Start a system.

    ``target``: ``None`` starts Ray on this machine (or uses the session this process has); ``"local"`` runs every
    agent in this process, without Ray; ``"auto"``, ``"host:port"`` or ``"ray://host:port"`` join a running cluster.
    ``run`` gives the system a run directory, called so (``True``: by date and time) and kept under ``runs_root``
    (else ``SHOAL_RUNS``, else ``.shoal/runs``): what its tasks come to outlives this program, see ``System.run``.
    ``settings`` are the fields of :class:`~shoal.runtime.config.Config`.

    Raises ``ConfigError`` for a bad setting at once, ``StartError`` when Ray cannot be reached, ``RunExists``,
    ``RunInUse`` or another ``RunError`` when the run cannot be had, ``StoreError`` when nothing can be recorded.
    """
    if run is not None and not isinstance(run, bool):
        check_run_id(run)
    if target is not None and (not isinstance(target, str) or not target):
        raise ConfigError(
            f"target is {target!r}; give 'local', 'auto', 'host:port', 'ray://host:port' or nothing"
        )
    return Starting(target, run or False, runs_root, settings)
