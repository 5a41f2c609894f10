"""Makes the tool calls of one step of a model.

Each call is answered, in the order asked for, whatever becomes of it: what a tool raises, or what keeps it from being
called, is told to the model, which may do better. On the way of a call, in this order: the tool is looked up, the grant
is asked, the arguments are read and checked, their origin is judged, a person approves. Then it is made once: its
outcome, also a failure, is recorded under its key, so that who handles the message again takes that.

Raised are only errors that are not the tool's: of the store that records, or of the hooks. They end the other calls.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shoal.actors.tools.arguments import read_arguments
from shoal.actors.tools.call_mark import call_mark
from shoal.actors.tools.errors import (
    ApprovalRefused,
    OriginRefused,
    ToolError,
    ToolFailed,
    ToolUnknown,
)
from shoal.actors.tools.grants import Grant
from shoal.actors.tools.outcome import ToolAccount, ToolAnswer, ToolOutcome, clean, cut, shown
from shoal.actors.tools.tool import Tool
from shoal.models.chat import ChatMessage, Role, ToolCall
from shoal.runtime.context import Context
from shoal.runtime.durable.errors import EffectUnknown
from shoal.runtime.errors import HandlerError
from shoal.runtime.provenance import Origin

Judge = Callable[[Tool, dict[str, Any]], OriginRefused | None]
"""Says (or raises) what is wrong with where arguments come from. They are as the model wrote them, without defaults."""
Redact = Callable[[str], str]


class Proposed(NamedTuple):
    """A call that waits for a person."""

    tool: Tool
    arguments: dict[str, Any]
    """Checked, defaults included."""
    key: str
    """The same when the message is handled again: who decided once is not asked twice."""
    call_id: str


Approve = Callable[[Proposed, Context], Awaitable[dict[str, Any]]]
"""Gives the arguments to go on with, perhaps edited. Raises :class:`ApprovalRefused`."""


class CallLimits(BaseModel):
    """Bounds of the calls of one step."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parallel: int = Field(default=8, ge=1, le=1000)
    """Calls made at one time."""
    calls: int = Field(default=64, ge=1)
    """Calls of one step; those beyond are not made, and the model is told."""
    argument_chars: int = Field(default=256 * 1024, ge=2)
    """Of one call's arguments; longer ones are refused."""
    result_chars: int = Field(default=50_000, ge=100)
    """Of one result as the model sees it; a longer one is cut, with a mark."""
    error_chars: int = Field(default=2_000, ge=100)
    """Of one error as the model sees it."""


class ToolCaller:
    """Calls the tools of one agent."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        grant: Grant,
        *,
        limits: CallLimits | None = None,
        judge: Judge | None = None,
        approve: Approve | None = None,
        redact: Redact | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without ``judge`` a tool that accepts less than anything is refused, without ``approve`` one that is
        consequential: what nobody looks at is not done."""
        self._tools = tools
        self._grant = grant
        self._limits = limits or CallLimits()
        self._judge = judge
        self._approve = approve
        self._redact = redact or (lambda text: text)
        self._clock = clock

    async def call_all(self, calls: Sequence[ToolCall], ctx: Context, key: str) -> list[ToolAnswer]:
        """Make the calls of a step, side by side within the bound; their answers in the same order.

        ``key`` names the step within the message. When this is cancelled, or raises, all calls have ended.
        """
        turns = asyncio.Semaphore(self._limits.parallel)
        try:
            async with asyncio.TaskGroup() as group:
                made = [
                    group.create_task(self._call(n, call, ctx, key, turns)) for n, call in enumerate(calls)
                ]
        except BaseExceptionGroup as failed:
            raise _first_of(failed) from None
        return [task.result() for task in made]

    async def _call(
        self, index: int, call: ToolCall, ctx: Context, key: str, turns: asyncio.Semaphore
    ) -> ToolAnswer:
        made = False
        origin = Origin.MODEL  # what is wrong with a call is said in the model's own words
        began = self._clock()
        call_key = _key_of(key, index, call)
        try:
            if index >= self._limits.calls:
                raise ToolError(
                    f"{index + 1} calls in one step; only the first {self._limits.calls} are made. Call fewer at a time"
                )
            tool = self._find(call.name, ctx.address)
            arguments = await self._cleared(tool, call, ctx, call_key)
            async with turns:
                made, origin = True, tool.policy.gives
                outcome, cached = await self._made(tool, arguments, ctx, call_key)
        except ToolError as error:
            outcome, cached = ToolOutcome(text=self._told(error), error=type(error).__name__), False
        except EffectUnknown as error:
            text = f"{call.name} was begun before, and nobody knows how it ended. It is not called again"
            outcome, cached = ToolOutcome(text=_error_text(text), error=type(error).__name__), False
        account = ToolAccount(
            tool=call.name, call_id=call.id, ok=not outcome.error, error=outcome.error, took_s=outcome.took_s,
            made=made, cached=cached, origin=origin,
        )  # fmt: skip
        ctx.log.debug("tool %s: %s after %.3f s", call.name, outcome.error or "ok", self._clock() - began)
        if not cached:  # else it was noted when it was made
            _note(ctx, call, outcome, made, call_key)
        return ToolAnswer(ChatMessage(role=Role.TOOL, text=outcome.text, tool_call_id=call.id), account)

    def _find(self, name: str, agent: str) -> Tool:
        tool = self._tools.get(name)
        if tool is None:
            raise ToolUnknown(
                _unknown(name, [known for known in self._tools if self._grant.allows(known)]), tool=name
            )
        self._grant.require(name, agent)
        return tool

    async def _cleared(self, tool: Tool, call: ToolCall, ctx: Context, key: str) -> dict[str, Any]:
        """The arguments that the call may be made with."""
        written = read_arguments(call.arguments, call.name, self._limits.argument_chars)
        arguments = self._checked(tool, written)
        policy = tool.policy
        if policy.accepts < Origin.WEB:
            if self._judge is None:
                raise OriginRefused(
                    f"{call.name} accepts only what is {policy.accepts.name.lower()} or better, and nothing here says "
                    "where its arguments come from",
                    tool=call.name,
                )
            if (refused := self._judge(tool, written)) is not None:
                raise refused
        if policy.consequential:
            if self._approve is None:
                raise ApprovalRefused(
                    f"{call.name} needs a person's approval, and nobody is there to ask", tool=call.name
                )
            edited = await self._approve(Proposed(tool, arguments, key, call.id), ctx)
            arguments = self._checked(tool, edited)
        return arguments

    def _checked(self, tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return tool.check(arguments)
        except ToolError:
            raise
        except Exception as error:  # a tool of the user's own: its fault is not the step's
            name, kind = tool.spec.name, type(error).__name__
            raise ToolFailed(f"{name} could not check its arguments: {kind}: {error}", type=kind) from error

    async def _made(
        self, tool: Tool, arguments: dict[str, Any], ctx: Context, key: str
    ) -> tuple[ToolOutcome, bool]:
        """The outcome, and whether it is a recorded one."""
        ran = False

        async def run() -> ToolOutcome:
            nonlocal ran
            ran = True
            return await self._run(tool, arguments, ctx)

        call_mark.set(key)  # of this call's own task
        if not tool.policy.once:
            return await run(), False
        # What nobody may have done twice is rather not done again than done again.
        unknown = "raise" if tool.policy.consequential else "rerun"
        outcome: ToolOutcome = await ctx.once(key, run, unknown=unknown)  # type: ignore[arg-type]
        return outcome, not ran

    async def _run(self, tool: Tool, arguments: dict[str, Any], ctx: Context) -> ToolOutcome:
        name, limit_s = tool.spec.name, tool.policy.timeout_s
        began = self._clock()
        try:
            async with asyncio.timeout(limit_s) as timer:
                text = shown(await tool.call(arguments, ctx), self._limits.result_chars)
        except Exception as error:
            failure: Exception = error
            if isinstance(error, TimeoutError) and timer.expired():
                failure = ToolFailed(
                    f"{name} took longer than {limit_s:g} s and was given up", type="TimeoutError"
                )
            text = self._told(failure)
            return ToolOutcome(text=text, error=_kind_of(failure), took_s=self._clock() - began)
        return ToolOutcome(text=text, took_s=self._clock() - began)

    def _told(self, error: Exception) -> str:
        text = str(error) if isinstance(error, ToolError) else f"{_kind_of(error)}: {error}"
        return _error_text(cut(self._redact(clean(text)), self._limits.error_chars))


def _note(ctx: Context, call: ToolCall, outcome: ToolOutcome, made: bool, key: str) -> None:
    data = {
        "tool": call.name, "call_id": call.id, "made": made,
        "arguments_size": len(call.arguments), "result_size": len(outcome.text),
    }  # fmt: skip
    ctx.note_span(
        "tool", call.name, at=time.time() - outcome.took_s, took_s=outcome.took_s, outcome=outcome.error or "ok",
        data=data, key=key,
    )  # fmt: skip


def _error_text(text: str) -> str:
    return json.dumps({"error": text}, ensure_ascii=False)


def _kind_of(error: Exception) -> str:
    """The class of what went wrong; of what an asked agent raised, the class it raised."""
    if isinstance(error, HandlerError | ToolFailed):
        return str(error.details.get("type") or type(error).__name__)
    return type(error).__name__


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"there is no tool {cut(name, 64)!r}{meant} There are: {', '.join(known) or 'none'}"


def _key_of(key: str, index: int, call: ToolCall) -> str:
    digest = blake2b(
        f"{call.name}\0{call.arguments}".encode(errors="surrogatepass"), digest_size=8
    ).hexdigest()
    return f"{key}/tool/{index}/{digest}"


def _first_of(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = failed
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
