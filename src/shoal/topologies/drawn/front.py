"""Leads tasks through a graph: does what the flow says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from shoal.runtime.context import Context
from shoal.runtime.ref import Ref
from shoal.topologies.drawn.flow import Action, Agree, Cut, Done, Flow, Run
from shoal.topologies.drawn.plan import Plan
from shoal.topologies.wiring.front import Front


class Guide(Front):
    """One flow for each task; tasks know nothing of one another."""

    def __init__(self, plan: Plan, befores: Mapping[str, frozenset[str]], refs: dict[str, Ref]) -> None:
        self._plan = plan
        self._befores = befores
        self._refs = refs

    async def lead(self, message: Any, ctx: Context) -> Any:
        """One task, from the first node to an end."""
        flow = Flow(self._plan, self._befores)
        actions = flow.begin(message)
        while len(actions) == 1 and isinstance(step := actions[0], Run):
            actions = flow.answered(
                step.step, await self._visit(step, ctx)
            )  # one after the other: no task needed
        if isinstance(actions[-1], Done):
            return actions[-1].result
        return await _Branches(self, flow, ctx).follow(actions)

    async def _visit(self, step: Run, ctx: Context) -> Any:
        return await self.ask(self._refs[step.node], step.message, ctx, mark=step.step)


class _Branches:
    """The rest of a task that has divided."""

    def __init__(self, guide: Guide, flow: Flow, ctx: Context) -> None:
        self._guide = guide
        self._flow = flow
        self._ctx = ctx
        self._steps: dict[str, asyncio.Task[Any]] = {}

    async def follow(self, actions: list[Action]) -> Any:
        """Until it is done. What still runs then, or when it fails, is cancelled."""
        try:
            while True:
                result = await self._perform(actions)
                if result is not None:
                    return result.result
                await asyncio.wait(self._steps.values(), return_when=asyncio.FIRST_COMPLETED)
                actions = []
                for step in [step for step, task in self._steps.items() if task.done()]:
                    actions += self._flow.answered(step, self._steps.pop(step).result())
        finally:
            await self._give_up(tuple(self._steps))

    async def _perform(self, actions: list[Action]) -> Done | None:
        queue = list(actions)
        while queue:
            action = queue.pop(0)
            match action:
                case Run():
                    visit = self._guide._visit(action, self._ctx)
                    self._steps[action.step] = asyncio.ensure_future(visit)
                case Cut():
                    await self._give_up(action.steps)
                case Agree():
                    steps = await self._ctx.once(action.key, partial(list, action.steps))
                    queue += self._flow.agreed(action.join, steps)
                case Done():
                    return action
        return None

    async def _give_up(self, steps: tuple[str, ...]) -> None:
        tasks = [task for step in steps if (task := self._steps.pop(step, None)) is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
