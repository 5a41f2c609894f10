"""Asking the model for an agent: once, within its budgets, on the record, and with its spans in the journal."""

from __future__ import annotations

import time
from typing import Any

from shoal.actors.limits import permits_of
from shoal.actors.llm.access import ModelAccess
from shoal.actors.llm.call_labels import CallLabels
from shoal.actors.llm.model_spans import spans_of
from shoal.actors.llm.plan import Plan
from shoal.actors.llm.recorded import ModelCall
from shoal.models.chat import ChatRequest, ChatResponse
from shoal.models.errors import ModelError
from shoal.models.permits import Level
from shoal.models.request_key import request_key
from shoal.runtime.behavior import role_of
from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError
from shoal.runtime.failure import pack_error, unpack_error
from shoal.runtime.provenance import Origin


class ModelAsker:
    """For the handling of one message."""

    def __init__(self, plan: Plan, access: ModelAccess, ctx: Context) -> None:
        self._plan = plan
        self._access = access
        self._ctx = ctx
        self._task = task_of(ctx)
        self._levels = levels_of(plan, ctx, self._task)

    @property
    def structured(self) -> str:
        """How the model takes output schemas."""
        return self._access.structured

    async def ask(self, request: ChatRequest, step: int, sample: int, what: str = "model") -> ChatResponse:
        """The model's answer: the recorded one where there is one. Raises :class:`ModelError`."""
        if request.seed is None and self._access.seeds_tasks and (seed := self._ctx.seed) is not None:
            request = request.model_copy(update={"seed": seed ^ sample})
        digest = request_key(self._access.name, request)
        key = f"{what}/{self._ctx.attempt}/{sample}/{step}/{digest}"
        made: list[ModelCall] = []

        async def make() -> ModelCall:
            made.append(await self._call(request, step, sample))
            return made[0]

        call: ModelCall = await self._ctx.once(key, make)
        # Also for a record of an earlier handling: its process may have died before it said so.
        permits_of(self._ctx).recorded(call.charges)
        if made and self._ctx._home.scribe is not None:
            self._note(key, call)
        self._ctx.joined(Origin.MODEL, f"model {self._access.name}")
        if call.response is None:
            raise _failure(call)
        return call.response

    async def _call(self, request: ChatRequest, step: int, sample: int) -> ModelCall:
        labels = self._labels(step)
        outcome, accounts = await self._access.call(
            request, self._ctx, levels=self._levels, task=self._task, priority=self._plan.priority,
            deadline=self._ctx.deadline, partial=self._plan.partial, about=labels,
        )  # fmt: skip
        error = outcome if isinstance(outcome, ModelError) else None
        if error is not None and not any(account.attempts for account in accounts):
            raise error  # nothing was sent: whoever tries again may have more luck
        return ModelCall(
            agent=labels.agent, role=labels.role, task=labels.task, outside=bool(labels.outside),
            sender=labels.sender, team=labels.team, message=labels.message, step=step, sample=sample, at=time.time(),
            response=None if isinstance(outcome, ModelError) else outcome,
            error=None if error is None else pack_error(error),
            accounts=tuple(accounts),
        )  # fmt: skip

    def _labels(self, step: int) -> CallLabels:
        ctx, message = self._ctx, self._ctx.message
        sender, message_id = ("", "") if message is None else (message.sender, message.id.hex())
        outside = "1" if ctx.task is None else ""
        role = role_of(ctx._cell.behavior)
        return CallLabels(ctx.address, role, self._task, outside, sender, team_of(ctx), message_id, str(step))

    def _note(self, key: str, call: ModelCall) -> None:
        for span in spans_of(key, call):
            self._ctx.note_span("model", span.name, at=span.at, took_s=span.took_s, outcome=span.outcome,
                                data=span.data, key=span.key)  # fmt: skip


def task_of(ctx: Context) -> str:
    """The task that a call is charged to; where there is none, the first message of all that led to it."""
    if ctx.task is not None:
        return ctx.task
    message = ctx.message
    if message is None:
        return ""
    trace = message.scope.trace if message.scope is not None else None
    return (trace or message.id).hex()


def team_of(ctx: Context) -> str:
    """The teams around it, outermost first, as ``a/b``; empty when there is none."""
    message = ctx.message
    scope = message.scope if message is not None else None
    return (scope.budget or "") if scope is not None else ""


def levels_of(plan: Plan, ctx: Context, task: str) -> tuple[Level, ...]:
    """Every budget that a call of this handling is charged to."""
    levels: list[Level] = [Level("run")]
    team = team_of(ctx)
    if team:
        parts = team.split("|")
        levels += [Level(f"team/{part}") for part in parts]
    levels.append(Level(f"agent/{ctx.address}", plan.budget))
    if task:
        levels.append(Level(f"task/{task}", plan.per_task))
    return tuple(levels)


def _failure(call: ModelCall) -> ShoalError:
    error: Any = unpack_error(call.error) if call.error is not None else None
    return (
        error
        if isinstance(error, ShoalError)
        else ModelError("the recorded call has neither answer nor error")
    )
