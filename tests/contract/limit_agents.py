"""Agents that race for a budget, and the model that counts who got through to it."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

import shoal
from shoal.actors.limits import permits_of
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Level, Settlement, Want


class Call(BaseModel):
    """A model call."""

    task: str = ""


class Race(BaseModel):
    """Call the model from so many tasks until the budget refuses each of them."""

    model: shoal.Ref
    tasks: int
    endpoint: str = "e"


class Model(shoal.Agent):
    """Counts the calls that reach it; an int asks for their number."""

    concurrency = 256

    def __init__(self) -> None:
        self.calls = 0
        self.order: list[str] = []

    async def on_call(self, call: Call, ctx: shoal.Context) -> int:
        self.calls += 1
        self.order.append(call.task)
        return 5

    async def on_count(self, message: int, ctx: shoal.Context) -> int:
        return self.calls

    async def on_order(self, message: str, ctx: shoal.Context) -> list[str]:
        return self.order


class Racer(shoal.Agent):
    """Answers with the numbers of calls that went and of refusals."""

    handler_timeout_s = 300.0

    async def on_race(self, race: Race, ctx: shoal.Context) -> list[int]:
        permits = permits_of(ctx)
        went = 0

        async def calls(number: int) -> None:
            nonlocal went
            level = Level(f"agent/{ctx.address}/{number}")
            while True:
                try:
                    permit = await permits.acquire(
                        Want(race.endpoint, "m", 10, 0.001, (level,), task=level.name)
                    )
                except BudgetExceeded:
                    return
                tokens = await ctx.ask(race.model, Call(task=level.name), anew=True)
                went += 1
                permit.settle(Settlement(tokens, 0.0005))

        await asyncio.gather(*(calls(number) for number in range(race.tasks)))
        await permits.flush()
        return [went, race.tasks]
