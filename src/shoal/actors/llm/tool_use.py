"""The tools of one agent in use: what stands before a call, and who is asked about it."""

from __future__ import annotations

from typing import Any

from shoal.actors.approvals.asking import approve
from shoal.actors.llm.plan import Plan
from shoal.actors.tools.calling import CallLimits, Proposed, ToolCaller
from shoal.actors.tools.grants import Grant
from shoal.actors.tools.toolbox import toolbox
from shoal.actors.tools.trust import judge_in
from shoal.runtime.context import Context
from shoal.runtime.redaction import redact


def tool_caller(plan: Plan, grant: Grant, message: Any, ctx: Context) -> ToolCaller:
    """Calls the plan's tools while ``message`` is handled, within the grant."""

    async def approved(proposed: Proposed, ctx: Context) -> dict[str, Any]:
        name = proposed.tool.spec.name
        title = f"{ctx.address} wants to call {name}"
        arguments: dict[str, Any] = await approve(
            ctx, title=title, subject=name, value=proposed.arguments, timeout_s=plan.approval_s
        )
        return arguments

    return ToolCaller(
        toolbox(plan.tools),
        grant,
        limits=CallLimits(parallel=plan.parallel_tools),
        judge=judge_in(ctx, message),
        redact=redact,
        approve=approved,
    )
