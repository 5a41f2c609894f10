"""One task of a swarm while it is worked on: its items go to hands, and what those make of them goes to the board."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from shoal.blackboard.claiming import HeldItem
from shoal.blackboard.errors import BoardUnavailable, LeaseLost, NothingToClaim
from shoal.blackboard.termination import Verdict
from shoal.blackboard.version import Version
from shoal.runtime.errors import AgentNotFound, AgentStopped, MessageError, ShoalError, SystemClosed
from shoal.runtime.side_by_side import side_by_side
from shoal.topologies.swarming.crew import Crew, Hand
from shoal.topologies.swarming.items import TaskBoard
from shoal.topologies.swarming.messages import SwarmAdvice, SwarmView
from shoal.topologies.swarming.monitor import Watch
from shoal.topologies.swarming.plan import SwarmPlan, published
from shoal.topologies.swarming.run import Progress

_log = logging.getLogger("shoal.topologies")
Ask = Callable[[Hand, Any, str], Awaitable[Any]]
"""Asks a hand about an item, under a mark."""
Consult = Callable[[SwarmView], Awaitable[SwarmAdvice]]


class SwarmTask:
    """See the module. Its methods but ``drive`` return at once."""

    def __init__(
        self,
        id: str,
        plan: SwarmPlan,
        progress: Progress,
        crew: Crew,
        board: TaskBoard,
        ask: Ask,
        consult: Consult,
    ) -> None:
        self.id = id
        self._plan = plan
        self.progress = progress
        self._crew = crew
        self._board = board
        self._ask = ask
        self._consult = consult
        self._assigned: list[Hand] = []
        self._claiming: dict[int, int] = dict.fromkeys(plan.groups, 0)
        self._early: list[Version] | None = []
        """Changes that came before what was there was read."""
        self._wake = asyncio.Event()
        self._stop: Verdict | None = None
        self.watch = Watch(plan.monitor_every)
        self._looking = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    # -- what the crew and the board say -------------------------------------------------------------------

    def is_hungry(self, group: int) -> bool:
        """Whether it has items for one more hand of the group."""
        return self.progress.ready(group, time.time()) > self._claiming[group]

    def may_have(self, hand: Hand) -> bool:
        """Whether the hand is not retired from this task."""
        return self.progress.may_have_more(hand.name)

    def assign(self, hand: Hand) -> None:
        """A hand is free for it."""
        self._claiming[hand.group] += 1
        self.progress.busy_by[hand.name] += 1
        self._assigned.append(hand)
        self._wake.set()

    def see(self, version: Version) -> None:
        """A change of its part of the board."""
        if self._early is not None:
            self._early.append(version)
        else:
            self.progress.see(version.key.removeprefix(self._board.prefix), version, time.time())
            self._wake.set()

    def loaded(self, revision: int) -> None:
        """Everything up to a revision has been read."""
        early, self._early = self._early or [], None
        for version in early:
            if version.mod_revision > revision:
                self.see(version)
        self._wake.set()

    def look_again(self) -> None:
        """Changes were missed: what there is has to be read again."""
        if self._early is None:
            self._early = []
        self._wake.set()

    def fail(self, error: BaseException) -> None:
        """It cannot be followed any more."""
        self._broken = error
        self._wake.set()

    # -- the work ------------------------------------------------------------------------------------------

    async def drive(self) -> Verdict:
        """Work until it is over; what is still being worked on then is given back."""
        try:
            async with side_by_side() as group:
                verdict = await self._conduct(group)
                for task in self._under_way:
                    task.cancel()
        finally:
            self._crew.forget(self)
            for hand in self._assigned:
                self._give_back(hand)
        return verdict

    async def _conduct(self, group: asyncio.TaskGroup) -> Verdict:
        while True:
            self._wake.clear()
            if self._broken is not None:
                raise self._broken
            if self._early is not None:
                await self._read_again()
            verdict = self._stop or self.progress.verdict(time.time(), self._crew.enlisted)
            if verdict is not None:
                return verdict
            self._crew.want(self)
            hands, self._assigned = self._assigned, []
            for hand in hands:
                self._begin(group, self._work(hand))
            self._look(group)
            await self._wait()

    async def _read_again(self) -> None:
        before = self.progress
        self.progress = Progress(self._plan, before.began, before.until)
        self.progress.busy_by = before.busy_by
        self.loaded(await self._board.load(self.progress))

    def _begin(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _wait(self) -> None:
        due = self.progress.due()
        limit_s = None if due is None else max(0.001, due - time.time())
        try:
            async with asyncio.timeout(limit_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _work(self, hand: Hand) -> None:
        """One item, by one hand."""
        claiming = True
        try:
            async with self._board.claim(hand.group) as item:
                self.progress.claimed(self._board.name_of(item), item.entry.revision)
                self._claiming[hand.group] -= 1
                claiming = False
                await self._do(hand, item)
        except NothingToClaim:
            self.progress.unready(hand.group, time.time())
        except LeaseLost as error:
            _log.info("swarm task %s: %s lost an item: %s", self.id, hand.name, error.text)
        except BoardUnavailable as error:
            # Nobody knows whether it was written. If not, the item comes back when its lease is over.
            _log.warning("swarm task %s: the board is away: %s", self.id, error.text)
            self.progress.unready(hand.group, time.time())
        except MessageError as error:  # the claim has failed the item: nobody here can read it
            _log.warning("swarm task %s: %s", self.id, error.text)
        finally:
            if claiming:
                self._claiming[hand.group] -= 1
            self._give_back(hand)
            self._wake.set()

    async def _do(self, hand: Hand, item: HeldItem[Any]) -> None:
        try:
            answer = await self._ask(hand, item.value, f"{item.key}#{item.attempt}")
            made = published(self._plan, answer)
            await self._board.complete(item, made, hand.name, self.progress)
            self.progress.completed(self._board.name_of(item), hand.name)
        except (LeaseLost, BoardUnavailable, SystemClosed):
            raise
        except (AgentNotFound, AgentStopped) as error:
            _log.warning("swarm: %s is gone: %s", hand.name, error.text)
            self._crew.leave(hand)
            await item.give_back()
        except Exception as error:  # the agent's, or of a function that was given to the swarm
            what = error.text if isinstance(error, ShoalError) else f"{type(error).__name__}: {error}"
            await item.fail(f"{hand.name}: {what}")

    def _give_back(self, hand: Hand) -> None:
        self.progress.busy_by[hand.name] -= 1
        self._crew.give_back(hand)

    # -- the monitor ---------------------------------------------------------------------------------------

    def _look(self, group: asyncio.TaskGroup) -> None:
        figures = self.progress.figures
        if self._looking or not self.watch.is_due(figures):
            return
        names = [hand.name for hand in self._crew.hands.values()]
        now = time.time()
        warned = len(self.watch.warnings)
        view = self.watch.look(
            self.id,
            figures,
            max(0.0, now - self.progress.began),
            self.progress.tallies(names),
            self.progress.proposals,
        )
        for warning in self.watch.warnings[warned:]:
            _log.warning("swarm task %s: %s", self.id, warning)
        if self._plan.monitor is not None:
            self._looking = True
            self._begin(group, self._take_advice(view))

    async def _take_advice(self, view: SwarmView) -> None:
        try:
            advice = await self._consult(view)
        except SystemClosed:
            raise
        except Exception as error:  # a monitor that fails stops nothing: the limits hold without it
            self.watch.warnings.append(f"the monitor failed: {type(error).__name__}: {error}"[:500])
            _log.warning("swarm task %s: its monitor failed: %s", self.id, error)
        else:
            if advice.stop:
                self._stop = Verdict("monitor", advice.stop)
        finally:
            self._looking = False
            self._wake.set()
