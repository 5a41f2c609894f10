"""One run of the audit: each module is a task of the run, so that a run that was killed is finished by the next."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from shoal.demo.agents import MODULE_S, AuditRequest, Finish, Modules
from shoal.demo.audit import AuditReport, CheckedReview, ModuleFailure, ModuleReview, ModuleTask, RunFacts
from shoal.demo.audit.models import REASON_CHARS
from shoal.demo.chaos import Chaos, check_killable, plan_kills
from shoal.demo.team import AuditTeam, build_audit_team
from shoal.runtime.config import MIB
from shoal.runtime.errors import ShoalError
from shoal.runtime.starting import start
from shoal.runtime.system import System

_LOOK_S = 0.25
_FINISH_S = 600.0
_IN_FLIGHT = 4
"""Modules under way for each reviewer: enough that none waits for the next."""
_REPORT_BYTES = 1024 * MIB
"""What all reviews may take in one message to the aggregator; the standard library's take 4 MiB."""


@dataclass(frozen=True)
class Options:
    """What the user asked for."""

    request: AuditRequest
    reviewers: int
    checkers: int
    target: str | None
    run: str | None
    kill_agents: int
    kill_supervisor: bool
    seed: int


@dataclass(frozen=True)
class Audited:
    """What came of it."""

    report: AuditReport
    facts: RunFacts
    run: str
    done: int
    """Modules that were audited now."""
    recorded: int
    """Modules that an earlier part of this run had audited."""
    kills: int


class Session:
    """The audit as one run."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._checked: list[CheckedReview] = []
        self._failed: list[ModuleFailure] = []
        self._recorded = 0
        self._restarts = 0
        self.run = ""
        """The run's name, as soon as there is one."""

    async def audit(self, write: Callable[[AuditReport, RunFacts], None]) -> Audited:
        """Do the whole audit; ``write`` keeps the report, before the run is closed as finished."""
        begun = time.monotonic()
        options = self._options
        if options.kill_agents or options.kill_supervisor:
            os.environ.setdefault("SHOAL_LOG_LEVEL", "ERROR")  # deaths that were asked for are no news
        with self._console.status("starting Ray" if options.target is None else "starting") as status:
            # A message that is in several of the processes that are killed on purpose must not be blamed for it.
            system = await start(
                options.target, run=options.run or True, max_message_bytes=_REPORT_BYTES,
                quarantine_after=3 + options.kill_agents,
            )  # fmt: skip
            async with system:
                self.run = system.run.id
                if options.kill_agents or options.kill_supervisor:
                    await check_killable(system)
                status.update("starting the agents")
                team = await build_audit_team(system, reviewers=options.reviewers, checkers=options.checkers)
                modules: Modules = await team.lead.ask(options.request, timeout_s=_FINISH_S)
                status.stop()
                kills = await self._do_modules(system, team, modules)
                report = await self._report(team)
                facts = await self._facts(system, team, time.monotonic() - begun)
                write(report, facts)
        done = len(self._checked) + len(self._failed) - self._recorded
        return Audited(report, facts, self.run, done, self._recorded, kills)

    async def _do_modules(self, system: System, team: AuditTeam, modules: Modules) -> int:
        """Have every module audited; returns how many processes were killed meanwhile."""
        options = self._options
        works: dict[str, ModuleTask | ModuleReview] = {task.path: task for task in modules.tasks}
        works |= {review.module.path: review for review in modules.skipped}
        plan = plan_kills(len(works), options.kill_agents, options.kill_supervisor, options.seed)
        chaos = Chaos(system, team.agents, plan, options.seed)
        async with self._progress(system, team, len(works)) as advance:
            results = system.run.tasks(
                team.lead, works, concurrency=_IN_FLIGHT * options.reviewers, timeout_s=MODULE_S
            )
            async for result in results:
                if result.error is None:
                    self._checked.append(result.value)
                else:
                    reason = _reason(result.error)
                    self._failed.append(ModuleFailure(module=_module(works[result.task]), reason=reason))
                self._recorded += result.recorded
                advance(result.task)
                await chaos.strike(len(self._checked) + len(self._failed))
        return chaos.kills

    async def _report(self, team: AuditTeam) -> AuditReport:
        finish = Finish(checked=tuple(self._checked), failed=tuple(self._failed))
        report: AuditReport = await team.aggregator.ask(finish, timeout_s=_FINISH_S)
        return report

    async def _facts(self, system: System, team: AuditTeam, wall_s: float) -> RunFacts:
        await self._count_restarts(system)
        return RunFacts(
            python=platform.python_version(),
            host="one process" if self._options.target == "local" else "Ray",
            agents=len(team.agents),
            messages=sum(host.get("handled", 0) for host in await system.health()),
            restarts=self._restarts,
            wall_s=round(wall_s, 2),
        )

    @contextlib.asynccontextmanager
    async def _progress(
        self, system: System, team: AuditTeam, total: int
    ) -> AsyncIterator[Callable[[str], None]]:
        """The progress bar; what it yields counts one module."""
        columns = "· {task.fields[agents]} agents · {task.fields[restarts]} restarts {task.fields[current]}"
        bar = Progress(
            SpinnerColumn(), TextColumn("[bold]auditing"), BarColumn(), MofNCompleteColumn(), TextColumn("modules"),
            TimeElapsedColumn(), TextColumn(columns), console=self._console,
        )  # fmt: skip
        with bar:
            shown = bar.add_task("audit", total=total, agents=len(team.agents), restarts=0, current="")
            # What does not fit would cut the counts instead; on a narrow terminal the path is left out.
            width = self._console.width - 85 if self._console.width > 100 else 0
            looking = asyncio.create_task(self._look(system, bar, shown))
            try:
                yield lambda path: bar.update(shown, advance=1, current=f"· {path[-width:]}" if width else "")
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
            with contextlib.suppress(ShoalError):
                await self._count_restarts(system)
            bar.update(shown, restarts=self._restarts, current="")

    async def _look(self, system: System, bar: Progress, shown: TaskID) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._count_restarts(system)
            bar.update(shown, restarts=self._restarts)

    async def _count_restarts(self, system: System) -> None:
        self._restarts = sum((await system.restarts()).values())


def _module(work: ModuleTask | ModuleReview) -> ModuleTask:
    return work if isinstance(work, ModuleTask) else work.module


def _reason(error: ShoalError) -> str:
    """The end of the error, as much as the report has room for: its cause stands last, after those who passed it on."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= REASON_CHARS else "… " + text[2 - REASON_CHARS :]
