"""The agent a team is addressed by. Each pattern has its own, which divides the work."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.topologies.wiring.edge import EdgeRules, check_verdict
from shoal.topologies.wiring.history import Turn, as_text
from shoal.topologies.wiring.replicated import Replicated
from shoal.topologies.wiring.signature import OPEN, Signature

_SOON_S = 0.001


class _Told:
    """What was said about one task."""

    def __init__(self, task: Any) -> None:
        self.task = task
        self.turns: list[Turn] = []


_NOTHING = _Told(None)
_told: ContextVar[_Told] = ContextVar("shoal_told")
"""Of the task that is led now; side tasks of its handler inherit it."""


class Front(Agent):
    """Takes what the team accepts and hands each message to ``lead``.

    Many tasks are in flight at once: it waits for members most of the time and computes little. When its process dies,
    what it was doing is done again by the next one; asks are then told apart by their marks, so that a member that
    answered before answers the same without doing it twice.
    """

    concurrency = 10_000
    signature: Signature = OPEN
    """Of the team; the wiring sets it."""
    models: tuple[type, ...] = ()
    """What passes between the members. Shipped with the front, so that its process has loaded these classes
    and can decode them: no tag is ever imported by name. The wiring sets it."""
    edges: Mapping[str, EdgeRules] = {}
    """The edges that are not plain, by the member's address. The wiring sets it."""
    names: Mapping[str, str] = {}
    """The members' names by their addresses. The wiring sets it."""
    team: str = ""
    """The team's address, where this is not the agent that has it. The wiring sets it."""
    keeps_turns = False
    """Whether some edge wants to know what was said before. The wiring sets it."""

    def handler_table(self) -> HandlerTable:
        """One handler for every type the team accepts."""
        name = f"{type(self).__name__}.lead"
        return HandlerTable([Handler(name, self._lead_team, kind) for kind in self.signature.answers])

    async def _lead_team(self, message: Any, ctx: Context) -> Any:
        ctx.within(self.team or ctx.address)
        if self.keeps_turns:
            _told.set(_Told(message))
        return await self.lead(message, ctx)

    @abstractmethod
    async def lead(self, message: Any, ctx: Context) -> Any:
        """Do one task with the members; return its result."""

    async def ask(self, member: Ref, message: Any, ctx: Context, *, mark: str = "") -> Any:
        """Ask a member over its edge; wait as long as who asked the team, or the system's default when nobody did.

        Among several asks of one member about one task, those that can happen in another order when the task is done
        again need a ``mark`` of their own. Raises what the ask raises, :class:`ContextLost`, :class:`SourcesMissing`
        and :class:`CheckFailed`.
        """
        address = member.address
        mark = f"{address}/{mark}"
        rules = self.edges.get(address)
        if rules is None:
            answer = await self._ask(member, message, ctx, mark)
        else:
            answer = await self._ask_by(rules, member, message, ctx, mark)
        if self.keeps_turns:
            _told.get().turns.append(Turn(by=self.names.get(address, address), text=as_text(answer)))
        return answer

    async def _ask(self, member: Ref, message: Any, ctx: Context, mark: str) -> Any:
        left_s = None if ctx.deadline is None else max(_SOON_S, ctx.deadline - time.time())
        if type(member) is Replicated:
            with member.counts.taken() as address:
                return await ctx.ask(address, message, timeout_s=left_s, mark=mark)
        return await ctx.ask(member, message, timeout_s=left_s, mark=mark)

    async def _ask_by(self, rules: EdgeRules, member: Ref, message: Any, ctx: Context, mark: str) -> Any:
        told = _told.get() if rules.needs_history else _NOTHING
        message = rules.given(message, told.task, told.turns)
        answer = await self._ask(member, message, ctx, mark)
        who = self.names.get(member.address, member.address)
        rules.check_sources(answer, who)
        if rules.checker is not None:
            judgement = rules.judgement(message, answer)
            check_verdict(await self._ask(rules.checker, judgement, ctx, f"{mark}/check"), who)
        return answer
