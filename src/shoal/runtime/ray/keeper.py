"""Keeps hosts alive: decides on each end whether it comes again, starts it again, gives up in bounded time.

One :class:`~shoal.runtime.supervision.Supervision` a host, with that host as its only child, so that each has an
intensity of its own. How ends are noticed: :mod:`shoal.runtime.ray.watcher`. Hosts that have a supervisor of their
own are that one's; what a host leaves behind when it is gone for good is ended here (:meth:`Keeper.end_children`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import Any

from shoal.runtime.errors import ShoalError, SpawnError
from shoal.runtime.ray.creation import start_host
from shoal.runtime.ray.directory import Directory
from shoal.runtime.ray.records import HostInfo, HostRecord
from shoal.runtime.ray.settings import Settings
from shoal.runtime.ray.spares import Spares
from shoal.runtime.ray.watcher import Watcher
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
from shoal.runtime.supervision.specs import AutoShutdown, Shutdown
from shoal.runtime.supervision_driver import SupervisionDriver
from shoal.runtime.supervision_event import EVENTS_KEPT, log_event, make_event


@dataclass
class Kept:
    """One host under the keeper."""

    record: HostRecord
    driver: SupervisionDriver
    restarts: int = 0
    last_exit: Exit | None = None


class Keeper:
    """The hosts of one system. Lives in the system actor."""

    def __init__(self, settings: Settings, directory: Directory, host_class: type, spares: Spares) -> None:
        self._settings = settings
        self._directory = directory
        self._host_class = host_class
        self._spares = spares
        self._kept: dict[str, Kept] = {}
        self._watcher = Watcher(settings, self._host_ended)
        self._errands: set[asyncio.Task[None]] = set()
        self._closed = False
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        """Starts, exits, restarts and giving up, oldest first, of supervisors too."""
        self.restart_counts: dict[str, int] = {}
        """How often each host was started again, by whom ever."""
        self.failed: asyncio.Future[Exit] | None = None
        """Done when a host without a supervisor was given up: why."""

    # -- taking hosts on and letting them go ---------------------------------------------------------------

    def adopt(self, info: HostInfo) -> None:
        """A host is up (for the first time, or this keeper is a new one): keep it from now on."""
        record = self._directory.record(info.name)
        if record is None or record.policy.supervisor or self._closed:
            return
        kept = self._kept.get(info.name) or self._take_on(record, info)
        kept.record = record
        self._watcher.watch(info)

    def _take_on(self, record: HostRecord, info: HostInfo) -> Kept:
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
        driver.feed(Adopt({name: Living(info.generation, name)}))
        return kept

    def release(self, name: str) -> None:
        """Somebody stops this host: its end is no failure."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            kept.driver.abandon()
        self._watcher.forget(name)

    def close(self) -> None:
        """The system ends: nothing is started again."""
        self._closed = True
        for name in list(self._kept):
            self.release(name)
        self._watcher.close()
        for errand in list(self._errands):
            errand.cancel()

    # -- starting again ------------------------------------------------------------------------------------

    def _host_ended(self, info: HostInfo, exit: Exit) -> None:
        self._directory.lost(info.name, info.generation)
        kept = self._kept.get(info.name)
        if kept is not None:
            kept.last_exit = exit
            kept.driver.feed(Exited(info.name, info.generation, exit))

    async def start_again(self, name: str, generation: int) -> str:
        """Start the next incarnation. Raises ``SpawnError``."""
        kept = self._kept.get(name)
        record = self._directory.again(name, generation)
        if kept is None or record is None:
            raise SpawnError(f"{name} is not wanted any more")
        try:
            info, _ = await start_host(
                self._host_class, self._settings, record, self._spares.take(), self._watcher.suspects(name),
                lambda: self._came_up(name, generation),
            )  # fmt: skip
        except ShoalError as error:
            kept.last_exit = Exit(kind=ExitKind.START_FAILED, text=error.text)
            raise
        if self._kept.get(name) is not kept:
            await self._watcher.kill(info)
            raise SpawnError(f"{name} is not wanted any more")
        kept.restarts += 1
        return name

    def _came_up(self, name: str, generation: int) -> bool:
        record = self._directory.record(name)
        return record is not None and record.info is not None and record.info.generation >= generation

    # -- deciding ------------------------------------------------------------------------------------------

    def _reported(self, name: str, report: Report) -> None:
        kept = self._kept.get(name)
        event = make_event(report, name, "", report.token, kept.restarts if kept is not None else 0)
        if report.kind is not ReportKind.ADOPTED:
            log_event(event)
            self.note(event)

    def note(self, event: dict[str, Any]) -> None:
        """Something happened to a host, of this keeper or of a supervisor."""
        self.events.append(event)
        if event["restarts"]:
            self.restart_counts[event["agent"]] = event["restarts"]

    def _ended(self, name: str, ended: Ended) -> None:
        kept = self._kept.pop(name, None)
        self._watcher.forget(name)
        if kept is None:
            return
        policy = kept.record.policy
        exit = (kept.last_exit or ended.exit).named(name)
        reason = exit.describe()
        if ended.reason is EndReason.GAVE_UP:
            reason = (
                f"given up: it ended more than {policy.intensity} times in {policy.period_s:g} s\n"
                f"{ended.exit.describe()}"
            )
        self.end(name, None, reason, died=not exit.normal)
        gave_up = ended.reason is EndReason.GAVE_UP
        if policy.restart != Restart.TEMPORARY.value and (gave_up or exit.failed):
            self._note_failure(ended.exit if gave_up else exit)

    def _note_failure(self, exit: Exit) -> None:
        failed = self.failure()
        if not failed.done():
            failed.set_result(exit)

    def failure(self) -> asyncio.Future[Exit]:
        """Done once a host without a supervisor was given up."""
        if self.failed is None:
            self.failed = asyncio.get_running_loop().create_future()
        return self.failed

    # -- the end of a host ---------------------------------------------------------------------------------

    def end(
        self, name: str, generation: int | None, reason: str, *, died: bool = False, down: bool = False
    ) -> None:
        """A host is gone for good, and with it all that it started."""
        if self._directory.end(name, generation, reason, died=died, down=down):
            for parent in self._directory.parents_in(name):
                self.end_children(parent, reason)

    def end_children(self, parent: str, reason: str) -> None:
        """An agent is gone for good: so are its children, and theirs."""
        for record in self._directory.children(parent):
            if record.gone is None:
                self.release(record.name)
                why = f"its parent {parent} is gone: {reason}"
                self.end(record.name, None, why)
                if record.info is not None and not record.resting:
                    self._errand(self._end_process(record.info, why))
            self._directory.disown(record.name)

    def _errand(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _end_process(self, info: HostInfo, reason: str) -> None:
        with contextlib.suppress(ShoalError):
            await self._watcher.stop(info, reason, self._settings.config.stop_grace_s)


class _OneHost:
    """``Children`` of one host's supervision."""

    def __init__(self, keeper: Keeper, name: str) -> None:
        self._keeper = keeper
        self._name = name

    async def start(self, id: str, token: int, spec: ChildSpec, extra: Any) -> str:
        """Start the next incarnation; its generation is the token."""
        return await self._keeper.start_again(self._name, token)

    async def stop(self, id: str, token: int, how: Shutdown, *, again: bool) -> Exit | None:
        """Its process is gone, or about to be."""
        return None
