"""The agents of the audit: the lead that splits the tree, reviewers and checkers, the report's aggregator.

None of them keeps anything between two messages that the run's ledger does not have: each may be killed at any time.
"""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict

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
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref

MODULE_S = 300.0
"""Longest time for one module. The longest of the standard library takes two seconds."""


class AuditRequest(BaseModel):
    """Audit a tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    """A directory or file; ``None``: the interpreter's standard library."""
    packages: tuple[str, ...] | None = None
    include_tests: bool = False
    limits: Limits = Limits()


class Modules(BaseModel):
    """The tree, split: one task a module, in the order of their paths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: tuple[ModuleTask, ...]
    skipped: tuple[ModuleReview, ...]
    """What could not become a task: reviews that say why, which only need the check."""


class Finish(BaseModel):
    """All modules are in: make the report."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    checked: tuple[CheckedReview, ...]
    failed: tuple[ModuleFailure, ...]


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
    """Makes one report of checked reviews and failures, the same in whatever order they came."""

    async def on_finish(self, finish: Finish, ctx: Context) -> AuditReport:
        """Make the report."""
        return await asyncio.to_thread(aggregate, finish.checked, finish.failed)


class Lead(Agent):
    """The orchestrator: splits the tree, and sees each module through review and check."""

    concurrency = 256

    def __init__(self, line: Ref, checker: Ref) -> None:
        self._line = line
        self._checker = checker

    async def on_audit(self, request: AuditRequest, ctx: Context) -> Modules:
        """Split the tree."""
        found = await asyncio.to_thread(
            discover,
            request.path,
            packages=request.packages,
            include_tests=request.include_tests,
            limits=request.limits,
        )
        return Modules(tasks=found.tasks, skipped=found.skipped)

    async def on_task(self, task: ModuleTask, ctx: Context) -> CheckedReview:
        """Get one module reviewed and checked."""
        return await self._ask(self._line, task, ctx)

    async def on_review(self, skipped: ModuleReview, ctx: Context) -> CheckedReview:
        """What was skipped only needs the check."""
        return await self._ask(self._checker, skipped, ctx)

    async def _ask(self, to: Ref, work: ModuleTask | ModuleReview, ctx: Context) -> CheckedReview:
        checked: CheckedReview = await ctx.ask(to, work, timeout_s=MODULE_S)
        return checked
