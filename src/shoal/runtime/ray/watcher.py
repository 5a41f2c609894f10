"""Notices how hosts end: at once when their process dies, soon when it hangs.

Death shows by a call on the host that never returns while it lives. What hangs is found by asking every host how it
is; the answer comes from a thread of its own, so that none means the process stands still. Used by whoever keeps
hosts: the system actor, and each supervisor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from shoal.runtime.errors import AgentDied, ShoalError
from shoal.runtime.flight import flight_path, read_flight
from shoal.runtime.ray.calls import actor_by_name, is_death
from shoal.runtime.ray.creation import call
from shoal.runtime.ray.directory import NAMESPACE
from shoal.runtime.ray.records import HostInfo
from shoal.runtime.ray.settings import Settings
from shoal.runtime.supervision import Exit, ExitKind
from shoal.runtime.supervision.specs import Shutdown

_log = logging.getLogger("shoal.keeper")
_SUSPECTS_KEPT = 1000
_UNAVAILABLE_S = 0.2
_LAST_WORDS_S = 1.0
_PROBE_S = 2.0
_LONG_S = 1e9
"""``infinity`` as seconds."""


@dataclass
class _Watched:
    info: HostInfo
    waiting: asyncio.Task[None]


@dataclass
class _Suspects:
    deaths: dict[bytes, int] = field(default_factory=dict)

    def add(self, message_id: bytes) -> None:
        self.deaths[message_id] = self.deaths.pop(message_id, 0) + 1
        if len(self.deaths) > _SUSPECTS_KEPT:
            del self.deaths[next(iter(self.deaths))]


class Watcher:
    """Watches hosts; ``on_end`` is called once for each that ended, when its process is gone."""

    def __init__(self, settings: Settings, on_end: Callable[[HostInfo, Exit], None]) -> None:
        self._settings = settings
        self._on_end = on_end
        self._watched: dict[str, _Watched] = {}
        self._suspects: dict[str, _Suspects] = {}
        self._node = ray.get_runtime_context().get_node_id()
        self._pulse: asyncio.Task[None] | None = None
        self._feeling: set[asyncio.Task[None]] = set()

    def watch(self, info: HostInfo) -> None:
        """A host is up; an earlier incarnation of its name is not looked at any more."""
        self.release(info.name)
        loop = asyncio.get_running_loop()
        self._watched[info.name] = _Watched(info, loop.create_task(self._wait(info)))
        if self._pulse is None:
            self._pulse = loop.create_task(self._feel_pulses())

    def release(self, name: str) -> None:
        """Its end is no news any more."""
        watched = self._watched.pop(name, None)
        if watched is not None and watched.waiting is not asyncio.current_task():
            watched.waiting.cancel()

    def forget(self, name: str) -> None:
        """It will not come again under this watch."""
        self.release(name)
        self._suspects.pop(name, None)

    def suspects(self, name: str) -> dict[bytes, int]:
        """Messages in whose handling incarnations of this name died, and how often."""
        known = self._suspects.get(name)
        return dict(known.deaths) if known is not None else {}

    def close(self) -> None:
        """Watch nothing any more."""
        for name in list(self._watched):
            self.release(name)
        if self._pulse is not None:
            self._pulse.cancel()

    async def _wait(self, info: HostInfo) -> None:
        exit = await wait_for_end(info)
        if exit.kind in (ExitKind.KILLED, ExitKind.LOST):
            self._read_flight(info)
        else:
            await self._let_go(info)
        self._ended(info, exit)

    async def _let_go(self, info: HostInfo) -> None:
        """Its agent ended by itself: let its senders hear what became of their messages, then end the process."""
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is not None:
            with contextlib.suppress(ShoalError, TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await call(actor.last_words.remote())
        await self.kill(info)

    def _ended(self, info: HostInfo, exit: Exit) -> None:
        watched = self._watched.get(info.name)
        if watched is not None and watched.info.incarnation == info.incarnation:
            self.release(info.name)
            self._on_end(info, exit)

    def _read_flight(self, info: HostInfo) -> None:
        if info.node == self._node:
            for message_id in read_flight(flight_path(self._settings.socket_dir(), info.incarnation)):
                self._suspects.setdefault(info.name, _Suspects()).add(message_id)

    async def _feel_pulses(self) -> None:
        limit_s = self._settings.config.unresponsive_s
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(5.0, limit_s / 4))
            for watched in list(self._watched.values()):
                task = loop.create_task(self._feel(watched.info, limit_s))
                self._feeling.add(task)
                task.add_done_callback(self._feeling.discard)

    async def _feel(self, info: HostInfo, limit_s: float) -> None:
        try:
            actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
            if actor is None:
                return
            async with asyncio.timeout(limit_s):
                why = (await call(actor.health.remote())).get("hung")
        except TimeoutError:
            why = f"its process (pid {info.pid}) did not answer for {limit_s:g} s"
        except ShoalError:
            return  # it died; the watch says so
        watched = self._watched.get(info.name)
        if why and watched is not None and watched.info.incarnation == info.incarnation:
            _log.warning("%s is ended by the watchdog: %s", info.name, why)
            watched.waiting.cancel()
            await self.kill(info)
            self._read_flight(info)
            self._ended(info, Exit(kind=ExitKind.HUNG, text=str(why)))

    async def kill(self, info: HostInfo) -> None:
        """End a host's process for certain where that can be done: SIGKILL works on a stopped process too."""
        if info.node == self._node:
            with contextlib.suppress(OSError):
                os.kill(info.pid, signal.SIGKILL)
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is not None:
            ray.kill(actor)

    async def stop(self, info: HostInfo, reason: str, how: Shutdown, *, again: bool = False) -> Exit | None:
        """End a host as its spec says; how it went when not as wanted. ``again``: its messages wait for the next."""
        self.release(info.name)
        exit = None if how == "brutal_kill" else await self._stop_in_order(info, reason, how, again)
        await self.kill(info)
        return exit

    async def _stop_in_order(self, info: HostInfo, reason: str, how: Shutdown, again: bool) -> Exit | None:
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        limit_s = None if how == "infinity" else float(how)
        try:
            if actor is None:
                raise AgentDied("its process is gone")
            async with asyncio.timeout(limit_s):
                await call(actor.stop.remote(reason, False, _LONG_S if limit_s is None else limit_s, again))
        except TimeoutError:
            return Exit(kind=ExitKind.KILLED, text=f"killed: it had not stopped within its {limit_s:g} s")
        except AgentDied:
            return Exit(kind=ExitKind.KILLED, text=f"its process (pid {info.pid}) died while it was stopped")
        return None


async def wait_for_end(info: HostInfo) -> Exit:
    """Wait until a host's incarnation has ended; says how."""
    while True:
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is None:
            return Exit(kind=ExitKind.LOST, text=f"its process (pid {info.pid}) is gone")
        try:
            ended: Exit = await call(actor.ended.remote())
            return ended
        except ShoalError as error:
            if error.details.get("dead"):
                return Exit(kind=ExitKind.KILLED, text=f"its process (pid {info.pid}) died")
        except RayError as exc:
            if is_death(exc):
                return Exit(kind=ExitKind.KILLED, text=f"its process (pid {info.pid}) died")
        await asyncio.sleep(_UNAVAILABLE_S)


async def is_alive(info: HostInfo) -> bool:
    """Whether a host's process is there; one that does not say so soon is taken to be: it may be blocked."""
    actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
    if actor is None:
        return False
    asking: Any = call(actor.health.remote())
    try:
        async with asyncio.timeout(_PROBE_S):
            await asking
    except TimeoutError:
        return True
    except ShoalError as error:
        return not error.details.get("dead")
    return True
