"""Warm spare hosts: processes that have loaded everything and wait to become somebody, so that a restart is cheap."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import ray

from shoal.runtime.errors import ShoalError
from shoal.runtime.ray.calls import actor_by_name
from shoal.runtime.ray.creation import call, create_actor
from shoal.runtime.ray.directory import NAMESPACE
from shoal.runtime.ray.settings import Settings

_log = logging.getLogger("shoal.keeper")
_QUIET_S = 1.0
"""A spare is started when nothing was for so long: it must not delay what somebody waits for."""


class Spares:
    """Keeps ``Config.spares`` of them ready."""

    def __init__(self, settings: Settings, host_class: type, label: str) -> None:
        self._settings = settings
        self._host_class = host_class
        self._labels = (f"spare-{label}-{number}" for number in itertools.count(1))
        self._ready: list[tuple[str, Any]] = []
        self._filling: asyncio.Task[None] | None = None
        self._closed = False
        self._busy_until = 0.0

    def take(self) -> str | None:
        """The Ray name of a warm actor, ``None`` when there is none; another is started when it is quiet again."""
        self.postpone()
        return self._ready.pop(0)[0] if self._ready else None

    def postpone(self) -> None:
        """Something else is being started: wait with filling up."""
        loop = asyncio.get_running_loop()
        self._busy_until = loop.time() + _QUIET_S
        if self._filling is None and not self._closed and self._settings.config.spares:
            self._filling = loop.create_task(self._fill())

    async def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closed and len(self._ready) < self._settings.config.spares:
            if loop.time() < self._busy_until:
                await asyncio.sleep(self._busy_until - loop.time() + 0.01)
                continue
            label = next(self._labels)
            try:
                actor = await asyncio.to_thread(create_actor, self._host_class, self._settings, label)
                await call(actor.prepare.remote())
            except ShoalError as error:
                _log.warning("no spare host: %s", error)
                break
            self._ready.append((f"{self._settings.system}/host/{label}", actor))
        if self._closed:  # meanwhile
            self._kill_ready()
        self._filling = None

    def end_those_of_others(self, used: list[str]) -> None:
        """End the spares that a system actor before this one left; those ``used`` have become hosts. Blocks."""
        mark = f"{self._settings.system}/host/spare-"
        names = [found["name"] for found in ray.util.list_named_actors(all_namespaces=True)]
        for name in names:
            if name.startswith(mark) and name not in used:
                actor = actor_by_name(name, NAMESPACE)
                if actor is not None:
                    ray.kill(actor)

    def close(self) -> None:
        """End them all."""
        self._closed = True
        self._kill_ready()

    def _kill_ready(self) -> None:
        for _, actor in self._ready:
            ray.kill(actor)
        self._ready.clear()
