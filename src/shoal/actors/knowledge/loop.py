"""The control loop of a team of knowledge sources: look at what changed, choose, carry out, look again.

What it knows lies on the board, as the agenda's entries and a position, written in transactions that hold only if
nobody else wrote there. So it can be killed at any moment: its next incarnation goes on from there, and asks again what
was in progress under the same message ids, which its receivers know.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple

from shoal.actors.knowledge.asking import Ask, find_change
from shoal.actors.knowledge.control import Control
from shoal.actors.knowledge.keeping import Keeping
from shoal.actors.knowledge.plan import Plan, Position
from shoal.actors.knowledge.sight import Sight
from shoal.blackboard.activation import Activation
from shoal.blackboard.connection import Connection
from shoal.blackboard.errors import BoardUnavailable
from shoal.blackboard.termination import Clock, Ended, Verdict
from shoal.runtime.errors import Cancelled, Quarantined, ShoalError, SystemClosed

_log = logging.getLogger("shoal.knowledge")
_PAUSE_S = 1.0
"""Before a board that does not answer is asked again, and a choice that chose nobody is made again."""


class _Outcome(NamedTuple):
    kind: Literal["done", "failed", "hopeless", "superseded", "cut off"]
    error: str = ""


class ControlLoop:
    """One team's loop in one incarnation of its controller."""

    def __init__(
        self,
        plan: Plan,
        connect: Callable[[str], Connection],
        ask: Ask,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``connect``: to a region. ``ask``: a source to do an activation."""
        self._plan = plan
        self._connections = {region: connect(region) for region in plan.regions}
        self._keeping = Keeping(self._connections[plan.region], plan.team)
        self._ask = ask
        self.clock = clock
        self._sleep = sleep
        self._doing: dict[str, asyncio.Task[_Outcome]] = {}
        self._sight: Sight | None = None
        self.control: Control
        self.ended: Ended | None = None

    async def load(self) -> None:
        """Go on from what the board has, or begin there. Raises ``BoardError``."""
        if self._sight is not None:
            self._sight.close()
        kept = await self._keeping.load()
        self.ended = kept.ended
        position = kept.position or Position(nonce=secrets.token_hex(8), began_at=self.clock(), cursors={})
        control = self.control = Control(self._plan, position, kept.waiting)
        sight = self._sight = Sight(self._plan, control, self._connections, self.clock)
        if self.ended is not None:
            return
        for id in self._doing:
            if id in control.agenda.waiting:
                control.agenda.begin(id)  # it is still being carried out
        await sight.read()
        await self._save()  # the nonce, before anybody is asked

    # -- the loop ------------------------------------------------------------------------------------------

    async def run(self) -> Ended:
        """Until the team's end. Survives a board that is away; raises what else goes wrong."""
        while True:
            try:
                return await self._conduct()
            except BoardUnavailable as error:
                _log.warning("team %s: its board is away: %s", self._plan.team, error.text)
            await self._take_up_again()

    async def _take_up_again(self) -> None:
        """Nobody knows what of the last writes was done: see what is there."""
        while True:
            await self._sleep(_PAUSE_S)
            with contextlib.suppress(BoardUnavailable):
                await self.load()
                return

    async def _conduct(self) -> Ended:
        while self.ended is None:
            await self._see.catch_up()
            verdict = await self._judge()
            if verdict is not None:
                await self._end(verdict)
                break
            self._begin()
            await self._save()
            await self._wait()
        self.close()
        assert self.ended is not None
        return self.ended

    @property
    def _see(self) -> Sight:
        assert self._sight is not None
        return self._sight

    async def _judge(self) -> Verdict | None:
        control, until = self.control, self._plan.until
        wanted = until is not None and until.wants_status and control.agenda.idle
        statuses = await self._see.statuses() if wanted else ()
        return control.verdict(statuses, self.clock(), all_seen=self._see.clear)

    def _begin(self) -> None:
        while (one := self.control.next(self.clock())) is not None:
            if one.id not in self._doing:
                self._doing[one.id] = asyncio.create_task(self._carry_out(one))

    async def _carry_out(self, one: Activation) -> _Outcome:
        trigger = self._plan.trigger(one.source, one.trigger)
        assert trigger is not None
        try:
            version = await find_change(self._connections[one.region], one)
            if version is None:
                return _Outcome("superseded")
            await self._ask(self._plan.sources[one.source], trigger.method, version, one, self.control.nonce)
        except (Cancelled, BoardUnavailable):
            return _Outcome("cut off")
        except Quarantined as error:
            return _Outcome("hopeless", f"{type(error).__name__}: {error}")
        except SystemClosed:
            raise
        except ShoalError as error:
            return _Outcome("failed", f"{type(error).__name__}: {error}")
        return _Outcome("done")

    async def _wait(self) -> None:
        """Until a source has finished, something has changed, or the time for something has come."""
        control, sight, now = self.control, self._see, self.clock()
        limits = [due - now for due in (control.due(now),) if due is not None]
        if control.agenda.waiting and not self._doing:
            limits.append(_PAUSE_S)
        limit_s = max(0.0, min(limits)) if limits else None
        awaited: list[asyncio.Task[Any]] = [*self._doing.values(), *sight.polls()]
        if awaited:
            await asyncio.wait(awaited, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self._sleep(_PAUSE_S if limit_s is None else limit_s)
        for id in [id for id, task in self._doing.items() if task.done()]:
            self._settle(id, self._doing.pop(id).result())
        await sight.collect()

    def _settle(self, id: str, outcome: _Outcome) -> None:
        control = self.control
        if id not in control.agenda.running:
            return  # the board was away meanwhile, and does not know of it: it is going to be made eligible again
        match outcome.kind:
            case "done":
                control.done(id)
            case "superseded":
                control.superseded(id)
            case "cut off":
                control.cut_off(id)
            case "failed" | "hopeless":
                control.failed(id, outcome.error, self.clock(), again=outcome.kind == "failed")

    # -- what is kept --------------------------------------------------------------------------------------

    async def _save(self, ended: Ended | None = None) -> None:
        """Write what changed on the agenda, with the position."""
        control = self.control
        if ended is not None or control.worth_saving:
            position = control.position()
            await self._keeping.save(control.steps(), position, ended)
            control.saved(position)

    async def _end(self, verdict: Verdict) -> None:
        control = self.control
        ended = Ended(
            reason=verdict.reason,
            condition=verdict.condition,
            revision=self._see.revision,
            after_s=max(0.0, self.clock() - control.began_at),
        )
        control.agenda.clear()
        await self._save(ended)
        self.ended = ended
        _log.info("team %s ended after %.1f s: %s", self._plan.team, ended.after_s, ended.reason)

    # -- the end of this incarnation -----------------------------------------------------------------------

    def close(self) -> None:
        """Stop looking, and cut off what is being carried out."""
        if self._sight is not None:
            self._sight.close()
        for task in self._doing.values():
            task.cancel()
            task.add_done_callback(_ignore_end)
        self._doing.clear()


def _ignore_end(task: asyncio.Task[_Outcome]) -> None:
    """Nobody wants to know how it ended."""
    if not task.cancelled():
        task.exception()
