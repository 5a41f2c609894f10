"""The agents of the audit: reviewers and checkers, the lead that splits the tree, the report's aggregator."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from shoal.actors.agent import Agent
from shoal.demo.audit import (
    AuditReport,
    CheckedReview,
    Limits,
    ModuleFailure,
    ModuleReview,
    ModuleTask,
    aggregate,
    check,
    discover,
    review,
)
from shoal.demo.audit.models import REASON_CHARS
from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError
from shoal.runtime.ref import Ref


class AuditRequest(BaseModel):
    """Audit a tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    """A directory or file; ``None``: the interpreter's standard library."""
    packages: tuple[str, ...] | None = None
    include_tests: bool = False
    limits: Limits = Limits()
    in_flight: int = Field(default=16, ge=1)
    """Modules under way at once."""


class ProgressQuestion(BaseModel):
    """How far is the audit?"""


class Progress(BaseModel):
    """Answer to :class:`ProgressQuestion`."""

    total: int = 0
    done: int = 0
    failed: int = 0
    current: str = ""


class Finish(BaseModel):
    """All modules are in: write the report."""


class Reviewer(Agent):
    """The maker: reports what it finds in a module. Computes in a thread: its process stays responsive."""

    capabilities = ("review",)

    async def on_task(self, task: ModuleTask, ctx: Context) -> ModuleReview:
        """Review one module; what cannot be read comes back as skipped, with its reason."""
        return await asyncio.to_thread(review, task)


class Checker(Agent):
    """The checker: verifies each finding against the source by another route before it is accepted."""

    capabilities = ("check",)

    async def on_review(self, reviewed: ModuleReview, ctx: Context) -> CheckedReview:
        """Accept or reject each finding."""
        return await asyncio.to_thread(check, reviewed)


class Aggregator(Agent):
    """Collects checked reviews and failures; makes the one report, the same in whatever order they came."""

    def __init__(self) -> None:
        self._checked: list[CheckedReview] = []
        self._failed: list[ModuleFailure] = []

    async def on_checked(self, checked: CheckedReview, ctx: Context) -> None:
        """Keep one."""
        self._checked.append(checked)

    async def on_failed(self, failure: ModuleFailure, ctx: Context) -> None:
        """Keep one: a module that failed is in the report with its reason."""
        self._failed.append(failure)

    async def on_finish(self, finish: Finish, ctx: Context) -> AuditReport:
        """Make the report."""
        return await asyncio.to_thread(aggregate, self._checked, self._failed)


class Lead(Agent):
    """The orchestrator: splits the tree, keeps so many modules under way, and lets nothing get lost."""

    concurrency = 8
    handler_timeout_s = 24 * 3600.0

    def __init__(self, line: Ref, checker: Ref, aggregator: Ref) -> None:
        self._line = line
        self._checker = checker
        self._aggregator = aggregator
        self._progress = Progress()

    async def on_progress(self, question: ProgressQuestion, ctx: Context) -> Progress:
        """How far it is."""
        return self._progress.model_copy()

    async def on_audit(self, request: AuditRequest, ctx: Context) -> AuditReport:
        """Do the whole audit."""
        found = await asyncio.to_thread(
            discover,
            request.path,
            packages=request.packages,
            include_tests=request.include_tests,
            limits=request.limits,
        )
        self._progress = Progress(total=len(found.tasks) + len(found.skipped))
        gate = asyncio.Semaphore(request.in_flight)
        async with asyncio.TaskGroup() as group:
            works: list[ModuleTask | ModuleReview] = [*found.tasks, *found.skipped]
            for work in works:
                await gate.acquire()
                group.create_task(self._module(work, gate, ctx))
        report: AuditReport = await ctx.ask(self._aggregator, Finish(), timeout_s=300)
        return report

    async def _module(self, work: ModuleTask | ModuleReview, gate: asyncio.Semaphore, ctx: Context) -> None:
        """Get one module reviewed and checked; a review that says it was skipped only needs the check."""
        module, line = (work, self._line) if isinstance(work, ModuleTask) else (work.module, self._checker)
        self._progress.current = module.path
        try:
            try:
                checked = await ctx.ask(line, work, timeout_s=120, task=module.path)
            except ShoalError:
                # Once more: reviewing changes nothing, so it is safe even when nobody knows how far it got.
                checked = await ctx.ask(line, work, timeout_s=120, task=module.path)
        except ShoalError as error:
            await ctx.tell(self._aggregator, ModuleFailure(module=module, reason=_reason(error)))
            self._progress.failed += 1
        else:
            await ctx.tell(self._aggregator, checked)
            self._progress.done += 1
        finally:
            gate.release()


def _reason(error: ShoalError) -> str:
    """The end of the error, as much as the report has room for: its cause stands last, after those who passed it on."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= REASON_CHARS else "… " + text[2 - REASON_CHARS :]
