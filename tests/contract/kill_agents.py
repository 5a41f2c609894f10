"""The agents of the kill tests. Their processes start often, so this module imports no test machinery."""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel

import shoal

HANDLING_S = 0.003


class Item(BaseModel):
    sender: int
    number: int


class Send(BaseModel):
    sender: int
    to: list[shoal.Ref]
    count: int
    """Messages to each receiver."""


class Clerk(shoal.Agent):
    """Writes down what it handles where no kill reaches, before the message is acknowledged."""

    mailbox = 64

    def __init__(self, path: str) -> None:
        self.path = path

    async def on_start(self, ctx: shoal.Context) -> None:
        self.file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def on_item(self, item: Item, ctx: shoal.Context) -> None:
        await asyncio.sleep(HANDLING_S)
        os.write(self.file, f"{item.sender} {item.number}\n".encode())


class Source(shoal.Agent):
    async def on_send(self, send: Send, ctx: shoal.Context) -> int:
        for number in range(send.count):
            for receiver in send.to:
                await ctx.tell(receiver, Item(sender=send.sender, number=number))
        return send.count


class Step(BaseModel):
    number: int
    to: shoal.Ref


class Stepper(shoal.Agent):
    """Says to another what it does, before and after a while."""

    async def on_step(self, step: Step, ctx: shoal.Context) -> int:
        await ctx.tell(step.to, Item(sender=0, number=2 * step.number))
        await asyncio.sleep(HANDLING_S)
        await ctx.tell(step.to, Item(sender=0, number=2 * step.number + 1))
        return os.getpid()
