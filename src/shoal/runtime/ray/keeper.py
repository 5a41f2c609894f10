"""Keeps hosts alive: notices each end, decides whether it comes again, starts it again, gives up in bounded time.

One :class:`~shoal.runtime.supervision.Supervision` a host, with that host as its only child, so that each has an
intensity of its own. Death shows at once: a call on the host never returns while it lives. What hangs is found by
asking every host how it is; the answer comes from a thread of its own, so that none means the process stands still.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from shoal.runtime.errors import ShoalError, SpawnError
from shoal.runtime.flight import flight_path, read_flight
from shoal.runtime.ray.calls import actor_by_name, is_death
from shoal.runtime.ray.creation import call, start_host
from shoal.runtime.ray.directory import NAMESPACE, Directory
from shoal.runtime.ray.records import HostInfo, HostRecord
from shoal.runtime.ray.settings import Settings
from shoal.runtime.ray.spares import Spares
from shoal.runtime.supervision import (
    Adopt,
    ChildSpec,
    Ended,
    EndReason,
    Exit,
    Exited,
    ExitKind,
    Living,
    Report,
    ReportKind,
    Restart,
    Supervision,
    SupervisorSpec,
)
from shoal.runtime.supervision.specs import AutoShutdown
from shoal.runtime.supervision_driver import SupervisionDriver

_log = logging.getLogger("shoal.keeper")
_SUSPECTS_KEPT = 1000
_UNAVAILABLE_S = 0.2


@dataclass
class Kept:
    """One host under the keeper."""

    record: HostRecord
    driver: SupervisionDriver
    suspects: dict[bytes, int] = field(default_factory=dict)
    restarts: int = 0
    last_exit: Exit | None = None
    watching: asyncio.Task[None] | None = None
    silent_since: float | None = None


class Keeper:
    """The hosts of one system. Lives in the system actor."""

    def __init__(self, settings: Settings, directory: Directory, host_class: type, spares: Spares) -> None:
        self._settings = settings
        self._directory = directory
        self._host_class = host_class
        self._spares = spares
        self._kept: dict[str, Kept] = {}
        self._node = ray.get_runtime_context().get_node_id()
        self._pulse: asyncio.Task[None] | None = None
        self.events: list[dict[str, Any]] = []
        """Starts, exits, restarts and giving up, oldest first; the last 1,000."""

    # -- taking hosts on and letting them go ---------------------------------------------------------------

    def adopt(self, info: HostInfo) -> None:
        """A host is up (for the first time, or this keeper is a new one): keep it from now on."""
        record = self._directory.record(info.name)
        if record is None or record.policy.supervisor:
            return
        kept = self._kept.get(info.name) or self._take_on(record)
        kept.record = record
        self._watch(kept, info)
        if self._pulse is None:
            self._pulse = asyncio.get_running_loop().create_task(self._feel_pulses())

    def _take_on(self, record: HostRecord) -> Kept:
        name = record.name
        restart = Restart(record.policy.restart)
        spec = SupervisorSpec(
            name="the system",
            intensity=record.policy.intensity,
            period_s=record.policy.period_s,
            auto_shutdown=AutoShutdown.ALL_SIGNIFICANT
            if restart is not Restart.PERMANENT
            else AutoShutdown.NEVER,
            children=(
                ChildSpec(id=name, agent=None, restart=restart, significant=restart is not Restart.PERMANENT),
            ),
        )
        machine = Supervision(spec, first_token=record.generation + 1)
        driver = SupervisionDriver(
            machine, _OneHost(self, name), lambda report: self._reported(name, report),
            lambda ended: self._ended(name, ended),
        )  # fmt: skip
        kept = self._kept[name] = Kept(record, driver)
        driver.feed(Adopt({name: Living(record.generation, name)}))
        return kept

    def release(self, name: str) -> None:
        """Somebody stops this host: its end is no failure."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            kept.driver.abandon()
            if kept.watching is not None:
                kept.watching.cancel()

    def close(self) -> None:
        """The system ends: nothing is started again."""
        for name in list(self._kept):
            self.release(name)
        if self._pulse is not None:
            self._pulse.cancel()

    def restarts(self) -> dict[str, int]:
        """How often each host was started again."""
        return {name: kept.restarts for name, kept in self._kept.items()}

    # -- noticing ------------------------------------------------------------------------------------------

    def _watch(self, kept: Kept, info: HostInfo) -> None:
        if kept.watching is not None:
            kept.watching.cancel()
        kept.silent_since = None
        kept.watching = asyncio.get_running_loop().create_task(self._wait_for_end(kept, info))

    async def _wait_for_end(self, kept: Kept, info: HostInfo) -> None:
        exit = await wait_for_end(info)
        self._directory.lost(info.name)
        if info.node == self._node:
            for message_id in read_flight(flight_path(self._settings.socket_dir(), info.incarnation)):
                kept.suspects[message_id] = kept.suspects.pop(message_id, 0) + 1
                if len(kept.suspects) > _SUSPECTS_KEPT:
                    del kept.suspects[next(iter(kept.suspects))]
        kept.last_exit = exit
        kept.driver.feed(Exited(info.name, info.generation, exit))

    async def _feel_pulses(self) -> None:
        limit_s = self._settings.config.unresponsive_s
        while True:
            await asyncio.sleep(min(5.0, limit_s / 4))
            for kept in list(self._kept.values()):
                info = kept.record.info
                if info is not None and not kept.driver.machine.ended:
                    asyncio.get_running_loop().create_task(self._feel(kept, info, limit_s))

    async def _feel(self, kept: Kept, info: HostInfo, limit_s: float) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        why = None
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
        if why and self._kept.get(info.name) is kept and kept.record.info == info:
            _log.warning("%s is ended by the watchdog after %.1f s: %s", info.name, loop.time() - asked, why)
            if kept.watching is not None:
                kept.watching.cancel()
            self._directory.lost(info.name)
            await self.kill(info)
            kept.last_exit = Exit(kind=ExitKind.HUNG, text=str(why))
            kept.driver.feed(Exited(info.name, info.generation, kept.last_exit))

    async def kill(self, info: HostInfo) -> None:
        """End a host's process for certain where that can be done: SIGKILL works on a stopped process too."""
        if info.node == self._node:
            with contextlib.suppress(OSError):
                os.kill(info.pid, signal.SIGKILL)
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is not None:
            ray.kill(actor)

    # -- starting again ------------------------------------------------------------------------------------

    async def start_again(self, name: str, generation: int) -> str:
        """Start the next incarnation. Raises ``SpawnError``."""
        kept = self._kept.get(name)
        record = self._directory.again(name, generation)
        if kept is None or record is None:
            raise SpawnError(f"{name} is not wanted any more")
        info, _ = await start_host(
            self._host_class, self._settings, record, self._spares.take(), dict(kept.suspects)
        )
        if self._kept.get(name) is not kept:
            await self.kill(info)
            raise SpawnError(f"{name} is not wanted any more")
        kept.restarts += 1
        return name

    # -- deciding ------------------------------------------------------------------------------------------

    def _reported(self, name: str, report: Report) -> None:
        kept = self._kept.get(name)
        if report.kind is ReportKind.ADOPTED:
            return
        exit = report.exit.describe() if report.exit is not None else ""
        level = logging.WARNING if report.kind in (ReportKind.EXITED, ReportKind.GAVE_UP) else logging.INFO
        _log.log(level, "%s %s %s", name, report.kind.value, exit, extra={"agent": name})
        self.events.append(
            {
                "kind": report.kind.value,
                "agent": name,
                "generation": report.token,
                "reason": exit,
                "restarts": kept.restarts if kept is not None else 0,
            }
        )
        del self.events[:-1000]

    def _ended(self, name: str, ended: Ended) -> None:
        kept = self._kept.pop(name, None)
        if kept is None:
            return
        if ended.reason is EndReason.GAVE_UP:
            policy = kept.record.policy
            reason = (
                f"given up: it ended more than {policy.intensity} times in {policy.period_s:g} s\n"
                f"{ended.exit.describe()}"
            )
        else:
            reason = (kept.last_exit or ended.exit).describe()
        died = kept.last_exit is not None and not kept.last_exit.normal
        self._directory.end(name, None, reason, died=died)
        info = kept.record.info
        if info is not None:
            asyncio.get_running_loop().create_task(self.kill(info))


class _OneHost:
    """``Children`` of one host's supervision."""

    def __init__(self, keeper: Keeper, name: str) -> None:
        self._keeper = keeper
        self._name = name

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start the next incarnation; its generation is the token."""
        return await self._keeper.start_again(self._name, token)

    async def stop(self, id: str, token: int, how: float | str) -> Exit | None:
        """Its process is gone, or about to be."""
        return None


async def wait_for_end(info: HostInfo) -> Exit:
    """Wait until a host's incarnation has ended; says how."""
    while True:
        actor = await asyncio.to_thread(actor_by_name, info.actor, NAMESPACE)
        if actor is None:
            return Exit(kind=ExitKind.LOST, text=f"its process (pid {info.pid}) is gone")
        try:
            kind, text = await call(actor.ended.remote())
            return Exit(kind=ExitKind(kind), text=text)
        except ShoalError as error:
            if error.details.get("dead"):
                return Exit(kind=ExitKind.KILLED, text=f"its process (pid {info.pid}) died")
        except RayError as exc:
            if is_death(exc):
                return Exit(kind=ExitKind.KILLED, text=f"its process (pid {info.pid}) died")
        await asyncio.sleep(_UNAVAILABLE_S)
