"""The controller of a team of knowledge sources: an agent, supervised beside the sources it wakes.

Its work is its loop (:mod:`shoal.actors.knowledge.loop`), which runs beside its handlers. When the loop fails, the
agent ends with that error, and whoever supervises it starts the next one, which goes on from what is on the board.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import Any

from shoal.actors.agent import Agent
from shoal.actors.knowledge.asking import ask_source
from shoal.actors.knowledge.loop import ControlLoop
from shoal.actors.knowledge.plan import AgendaState, AwaitEnd, ControllerBroke, LookAtAgenda, Plan, TeamEnd
from shoal.blackboard.connection import Connection
from shoal.blackboard.region import Clock
from shoal.blackboard.termination import Ended
from shoal.runtime.context import Context
from shoal.runtime.errors import SystemClosed

NAME = "controller"
"""Its id among the children of its team's supervisor."""
_MOST_WAIT_S = 60.0
_log = logging.getLogger("shoal.knowledge")


class Controller(Agent):
    """See the module."""

    concurrency = 1000
    on_error = "escalate"
    quarantine = False
    """Those who wait for the end wait in it, whatever kills it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._loop: ControlLoop
        self._running: asyncio.Task[None] | None = None
        self._end: asyncio.Future[Ended]
        self._stopping: asyncio.Future[None]

    async def on_start(self, ctx: Context) -> None:
        """Go on from what is on the board, or begin. Raises ``BoardError``."""
        self._loop = ControlLoop(self._plan, partial(Connection, ctx), partial(ask_source, ctx), Clock())
        self._end = asyncio.get_running_loop().create_future()
        self._stopping = asyncio.get_running_loop().create_future()
        await self._loop.load()
        self._running = asyncio.create_task(self._run(ctx))

    async def _run(self, ctx: Context) -> None:
        try:
            self._end.set_result(await self._loop.run())
        except SystemClosed:
            return
        except Exception as exc:
            _log.exception("the control loop of team %s failed", self._plan.team)
            with contextlib.suppress(SystemClosed):
                await ctx.tell(ctx.self, ControllerBroke(text=f"{type(exc).__name__}: {exc}"))

    def stopping(self) -> None:
        """Cut off what is being carried out, which the next incarnation asks for again; let go of who waits."""
        if not self._stopping.done():
            self._stopping.set_result(None)
        self.killed()

    def killed(self) -> None:
        """It was ended at once."""
        if self._running is not None:
            self._running.cancel()
        self._loop.close()

    # -- requests ------------------------------------------------------------------------------------------

    async def on_await_end(self, request: AwaitEnd) -> TeamEnd:
        """Whether the team has ended, once it has or the wait is over."""
        wait_s = min(max(0.0, request.wait_s), _MOST_WAIT_S)
        awaited: list[asyncio.Future[Any]] = [self._end, self._stopping]
        await asyncio.wait(awaited, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        control, until = self._loop.control, self._plan.until
        return TeamEnd(
            ended=self._end.result() if self._end.done() else None,
            certain=until is not None and until.certain,
            progress=control.progress(self._loop.clock()),
        )

    async def on_look(self, request: LookAtAgenda) -> AgendaState:
        """What is on the agenda."""
        return self._loop.control.state(self._loop.ended)

    async def on_broken(self, broken: ControllerBroke) -> None:
        """The loop failed."""
        self.killed()  # before the next incarnation begins: in one process this one would go on beside it
        raise RuntimeError(f"the control loop of team {self._plan.team} failed: {broken.text}")
