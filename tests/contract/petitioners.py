"""Agents that ask people, and answer what they were told."""

from __future__ import annotations

from pydantic import BaseModel

import shoal
from shoal.actors.approvals import approve, ask_person
from shoal.actors.tools.errors import ApprovalRefused


class Spend(BaseModel):
    """Spend so much, if somebody approves."""

    amount: int
    timeout_s: float | None = None


class Question(BaseModel):
    """Ask a person this."""

    text: str


class Told(BaseModel):
    """What came of it: the amount or the answer, or why not."""

    amount: int = 0
    text: str = ""
    why: str = ""


class Petitioner(shoal.Agent):
    """Asks people."""

    concurrency = 64
    handler_timeout_s = 3600.0

    async def on_spend(self, message: Spend, ctx: shoal.Context) -> Told:
        try:
            value = await approve(
                ctx,
                title=f"spend {message.amount}",
                subject="spend",
                value={"amount": message.amount},
                timeout_s=message.timeout_s,
            )
        except ApprovalRefused as refused:
            return Told(why=refused.details["why"], text=refused.text)
        return Told(amount=value["amount"])

    async def on_question(self, message: Question, ctx: shoal.Context) -> Told:
        try:
            return Told(text=await ask_person(ctx, message.text))
        except ApprovalRefused as refused:
            return Told(why=refused.details["why"], text=refused.text)


class Hasty(Petitioner):
    """Its handlers may not run for long."""

    handler_timeout_s = 1.0


class Asker(shoal.Agent):
    """Has another agent spend."""

    concurrency = 64
    handler_timeout_s = 3600.0

    def __init__(self, other: shoal.Ref) -> None:
        self.other = other

    async def on_spend(self, message: Spend, ctx: shoal.Context) -> Told:
        told: Told = await ctx.ask(self.other, message, timeout_s=3600.0)
        return told
