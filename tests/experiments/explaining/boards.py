"""A run whose agents read the board in every way: one key, a prefix, a history, and what is not kept."""

from __future__ import annotations

from pathlib import Path

import shoal
from shoal.blackboard import Do
from shoal.experiments.explaining.why_board import MOST


class Writer(shoal.Agent):
    """Writes two notes, and again the first of them when asked to."""

    async def on_text(self, text: str, ctx: shoal.Context) -> None:
        if text == "again":
            await ctx.board.put("notes/1", "one more")
            return
        await ctx.board.put("notes/1", "one")
        await ctx.board.put("notes/2", "two")


class Reader(shoal.Agent):
    """Reads the board in the way that its task names."""

    async def on_text(self, way: str, ctx: shoal.Context) -> int:
        board = ctx.board
        match way:
            case "history":
                return len(await board.history("notes/1"))
            case "transaction":
                done = await board.transaction(then=[Do.get("notes/1")])
                return int(done.succeeded)
            case "volatile":
                return len(await board.of("scratch").range("notes/"))
            case "many":
                return len(await board.range("many/"))
        return len(await board.range("notes/"))


class Front(shoal.Agent):
    """Has notes written, and asks the reader."""

    async def on_text(self, way: str, ctx: shoal.Context) -> int:
        if way in ("range", "history"):
            await ctx.ask("w", "again" if way == "history" else "first")
        found: int = await ctx.ask("r", way)
        return found


async def make_board_run(root: Path, *, compact: bool = False) -> None:
    """The run ``board`` with a task for each way of reading, named by it. ``compact``: what they read is forgotten."""
    async with shoal.start("local", run="board", runs_root=root, journal="messages") as system:
        board = await system.board().open()
        await system.board("scratch", durable=False).open()
        await system.spawn(Writer(), name="w")
        await system.spawn(Reader(), name="r")
        front = await system.spawn(Front(), name="front")
        for way in ("range", "history", "transaction", "volatile"):
            await system.run.task(front, way, task=way)
        for number in range(MOST + 5):
            await board.put(f"many/{number:03}", number)
        if compact:
            status = await board.status()
            await board.compact(status.revision)
        await system.run.task(front, "many", task="many")
