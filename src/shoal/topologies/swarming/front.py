"""The front of a swarm: each task's items are posted, claimed in the names of the agents, and followed to their end.

What it knows of a task it can read from the board again. Only who is free, and whose turn it is, is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Mapping
from typing import Any

from shoal.blackboard.connection import Connection
from shoal.blackboard.entry import decode_value, encode_value
from shoal.blackboard.errors import BoardUnavailable, Compacted
from shoal.blackboard.following import Follower
from shoal.blackboard.operations import Get, Put
from shoal.blackboard.results import Found
from shoal.runtime.behavior import Handler, HandlerTable
from shoal.runtime.context import Context
from shoal.runtime.errors import ShoalError, SystemClosed
from shoal.runtime.ref import Ref
from shoal.topologies.errors import BadSubtasks
from shoal.topologies.swarming.crew import Crew, Hand
from shoal.topologies.swarming.items import TaskBoard, clear
from shoal.topologies.swarming.messages import Resize, SwarmAdvice, SwarmView
from shoal.topologies.swarming.plan import SwarmPlan, as_item, home
from shoal.topologies.swarming.result import result_of
from shoal.topologies.swarming.run import Progress
from shoal.topologies.swarming.task import SwarmTask
from shoal.topologies.wiring.front import Front

_log = logging.getLogger("shoal.topologies")
_SLICE_S = 30.0
_PAUSE_S = 0.5
_MOST_AWAY = 3
"""Looks in a row that a board gave no answer to, after which its tasks fail. Each takes 10 to 60 s."""
_DAY_S = 86_400.0
_CREW = "crew"
MOST_AGENTS = 1000


class SwarmFront(Front):
    """See the module."""

    handler_timeout_s = _DAY_S  # each task has its own end
    quarantine = False
    """Tasks wait in it for minutes, whoever kills it."""

    def __init__(
        self, plan: SwarmPlan, hands: Mapping[str, tuple[Ref, int, int]], monitor: Ref | None, copied: Any
    ) -> None:
        """``hands``: ref, group and slots by name. ``copied``: what agents that are added are made of."""
        self._plan = plan
        self._hands = hands
        self._monitor = monitor
        self._copied = copied

    def handler_table(self) -> HandlerTable:
        """What the team accepts, and requests to grow or shrink."""
        tasks = [Handler("SwarmFront.lead", self._lead_team, kind) for kind in self.signature.answers]
        return HandlerTable([*tasks, Handler("SwarmFront.resize", self._resize, Resize)])

    async def on_start(self, ctx: Context) -> None:
        """Follow the board from here on. Raises ``BoardError``."""
        self._home = home(ctx.address)
        self._tasks: dict[str, SwarmTask] = {}
        self._crew = Crew(Hand(name, *hand) for name, hand in self._hands.items())
        self._connection = Connection(ctx, self._plan.region)
        self._clearing: set[asyncio.Task[None]] = set()
        self._resizing = asyncio.Lock()
        seen = (await self._connection.status()).revision
        self._follower = Follower(self._connection, [self._home], seen=seen)
        found: Found = await self._connection.operate(Get(f"{self._home}{_CREW}"))
        if found.version is not None and found.version.value is not None:
            await self._have(int(decode_value(found.version.value, int)), ctx)
        self._following = asyncio.create_task(self._follow())

    def stopping(self) -> None:
        """Look no more."""
        self.killed()

    def killed(self) -> None:
        """It was ended at once."""
        self._following.cancel()

    # -- following the board -------------------------------------------------------------------------------

    async def _follow(self) -> None:
        away = 0
        while True:
            try:
                await self._follower.look(_SLICE_S)
                away = 0
            except BoardUnavailable as error:
                away += 1
                level = logging.INFO if away == 1 else logging.WARNING  # the first may be a system's end
                _log.log(level, "a swarm's board is away: %s", error.text)
                if away >= _MOST_AWAY:
                    await self._lost(error)
                await asyncio.sleep(_PAUSE_S)
            except SystemClosed:
                return
            except Compacted as error:
                _log.warning("a swarm reads its tasks again: %s", error.text)
                await self._catch_up()
            except ShoalError as error:
                await self._lost(error)
            while self._follower.changes:
                version = self._follower.changes.popleft()
                task = self._tasks.get(version.key.removeprefix(self._home).partition("/")[0])
                if task is not None:
                    task.see(version)

    async def _catch_up(self) -> None:
        """What was missed is forgotten by the board: each task looks at what there is."""
        with contextlib.suppress(BoardUnavailable):
            self._follower.seen = (await self._connection.status()).revision
            for task in self._tasks.values():
                task.look_again()

    async def _lost(self, error: ShoalError) -> None:
        """The region is gone, or not to be had: tasks under way fail, later ones begin with what is there."""
        _log.error("a swarm has lost its board: %s", error.text)
        for task in self._tasks.values():
            task.fail(error)
        await asyncio.sleep(_PAUSE_S)
        await self._catch_up()

    # -- one task ------------------------------------------------------------------------------------------

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task, to its end."""
        envelope = ctx.message
        assert envelope is not None
        id = envelope.id.hex()
        try:
            # Recorded before its keys go: handled again after that, it must not begin anew.
            return await ctx.once("result", lambda: self._lead_once(id, message, ctx))
        finally:
            if not self._plan.keep:
                self._clear_soon(f"{self._home}{id}/")

    async def _lead_once(self, id: str, message: Any, ctx: Context) -> Any:
        plan, now = self._plan, time.time()
        until = None
        if plan.cut is not None and ctx.deadline is not None:
            until = now + plan.cut * max(0.0, ctx.deadline - now)
        progress = Progress(plan, now, until)
        board = TaskBoard(ctx.board.of(plan.region), self._connection, plan, f"{self._home}{id}/")

        async def ask(hand: Hand, item: Any, mark: str) -> Any:
            return await self.ask(hand.ref, item, ctx, mark=mark)

        async def consult(view: SwarmView) -> SwarmAdvice:
            return await self._consult(view, ctx)

        task = SwarmTask(id, plan, progress, self._crew, board, ask, consult)
        self._tasks[id] = task
        try:
            seed = self._seed(message)
            before = await board.open(seed, {"began": now, "until": until}, progress)
            noted = None
            if before is None:
                task.loaded(0)
            else:
                task.progress = progress = Progress(plan, before["began"], before["until"])
                task.loaded(await board.load(progress, ctx.address))
                noted = await board.ended()
            verdict = noted or await task.drive()
            ended = await board.end(*verdict)
            return await result_of(plan, task, board, ended, list(self._crew.hands))
        finally:
            self._tasks.pop(id, None)

    def _seed(self, message: Any) -> list[Any]:
        plan = self._plan
        seed = [message] if plan.seed is None else list(plan.seed(message))
        if len(seed) > plan.most_items:
            raise BadSubtasks(f"the seed gave {len(seed):,} items, and most_items is {plan.most_items:,}")
        return [as_item(plan, item) for item in seed]

    async def _consult(self, view: SwarmView, ctx: Context) -> SwarmAdvice:
        if self._monitor is not None:
            said = await self.ask(self._monitor, view, ctx, mark=f"monitor/{view.look}")
        else:
            said = self._plan.monitor(view)
            said = await said if inspect.isawaitable(said) else said
        if isinstance(said, SwarmAdvice):
            if said.resize is not None:
                await self._resize(Resize(agents=said.resize), ctx)
            return said
        return SwarmAdvice(stop=said if isinstance(said, str) else "the monitor said so" if said else "")

    def _clear_soon(self, prefix: str) -> None:
        async def go() -> None:
            with contextlib.suppress(ShoalError):
                await clear(self._connection, prefix)

        clearing = asyncio.create_task(go())
        self._clearing.add(clearing)
        clearing.add_done_callback(self._clearing.discard)

    # -- growing and shrinking -----------------------------------------------------------------------------

    async def _resize(self, request: Resize, ctx: Context) -> int:
        """Have so many agents. Answers how many there are."""
        wanted = request.agents
        most = MOST_AGENTS if self._plan.grows else len(self._hands)
        if wanted > most:
            raise BadSubtasks(
                f"a swarm of {len(self._hands)} cannot have {wanted} agents: "
                + (
                    "at most 1,000"
                    if self._plan.grows
                    else "it grows only where all are copies of one: count=..."
                )
            )
        async with self._resizing:
            await self._have(wanted, ctx)
            await self._connection.operate(Put(f"{self._home}{_CREW}", encode_value(wanted)))
        return len(self._crew.enlisted)

    async def _have(self, wanted: int, ctx: Context) -> None:
        """Those who left come back first; then new ones come. The newest leave first."""
        crew = self._crew
        for hand in list(crew.hands.values()):
            if len(crew.enlisted) < wanted and not hand.enlisted:
                crew.join(hand)
        while len(crew.enlisted) < wanted:
            name = str(len(crew.hands) + 1)
            _, group, slots = next(iter(self._hands.values()))
            # A child that lives already, of an incarnation before this one, is had again by its name.
            ref = await ctx.spawn(self._copied, name=f"{ctx.address}/{name}")
            crew.join(Hand(name, ref, group, slots))
        for hand in reversed(list(crew.hands.values())):
            if len(crew.enlisted) > wanted and hand.enlisted:
                crew.leave(hand)
