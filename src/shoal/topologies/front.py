"""The agent a team is addressed by. Each pattern has its own, which divides the work."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any

from shoal.actors.agent import Agent
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.topologies.signature import OPEN, Signature

_SOON_S = 0.001


class Front(Agent):
    """Takes what the team accepts and hands each message to ``lead``.

    Many tasks are in flight at once: it waits for members most of the time and computes little.
    """

    concurrency = 256
    signature: Signature = OPEN
    """Of the team; the wiring sets it."""
    models: tuple[type, ...] = ()
    """What passes between the members. Shipped with the front, so that its process has loaded these classes
    and can decode them: no tag is ever imported by name. The wiring sets it."""

    def handler_table(self) -> HandlerTable:
        """One handler for every type the team accepts."""
        name = f"{type(self).__name__}.lead"
        return HandlerTable([Handler(name, self._lead_team, kind) for kind in self.signature.answers])

    async def _lead_team(self, message: Any, ctx: Context) -> Any:
        ctx.within(ctx.address)
        return await self.lead(message, ctx)

    @abstractmethod
    async def lead(self, message: Any, ctx: Context) -> Any:
        """Do one task with the members; return its result."""

    async def ask(self, member: Ref, message: Any, ctx: Context) -> Any:
        """Ask a member; wait as long as who asked the team, or the system's default when nobody did."""
        left_s = None if ctx.deadline is None else max(_SOON_S, ctx.deadline - time.time())
        return await ctx.ask(member, message, timeout_s=left_s)
