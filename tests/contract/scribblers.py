"""Agents of the board's tests."""

from __future__ import annotations

from pydantic import BaseModel

import shoal


class Plan(BaseModel):
    text: str = ""
    size: int = 0


class Scribbler(shoal.Agent):
    """Writes what it is told to the board, and says what it found there."""

    async def on_plan(self, message: Plan, ctx: shoal.Context) -> int:
        entry = await ctx.board.put(message.text, message)
        return entry.revision

    async def on_key(self, message: str, ctx: shoal.Context) -> Plan | None:
        entry = await ctx.board.get(message, Plan)
        return entry.value if entry is not None else None


class Lost(shoal.Agent):
    """Asks for a region that nobody opened."""

    async def on_region(self, message: str, ctx: shoal.Context) -> str:
        try:
            await ctx.board.of(message).get("x")
        except shoal.errors.RegionUnknown as error:
            return error.text
        return ""
