"""A small run on the local host: a desk that asks a model, a member that sometimes fails, and the board."""

from __future__ import annotations

from pathlib import Path

import shoal
from shoal.actors.llm import LLMAgent
from shoal.models.chat import Usage
from shoal.models.scripted import Reply, ScriptedModel
from shoal.models.spec import Model, Price

USAGE = Usage(input_tokens=1000, output_tokens=100)


class Priced(ScriptedModel):
    """A scripted model with a price."""

    spec = Model(model="scripted", provider="scripted", price=Price(input=1.0, output=10.0))


class Notes(shoal.Agent):
    """Puts what it is told on the board."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        await ctx.board.put(f"notes/{ctx.task}", text)
        return "noted"


class Front(shoal.Agent):
    """Has a note taken, asks the model's agent and the checker, and reads the note again."""

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        await ctx.ask("notes", text)
        answer: str = await ctx.ask("writer", text)
        await ctx.ask("checker", answer + text)
        found = await ctx.board.get(f"notes/{ctx.task}")
        return f"{answer}: {found.value if found else ''}"


class Checker(shoal.Agent):
    """Does not like one of the texts."""

    async def on_text(self, text: str) -> bool:
        if "bad" in text:
            raise ValueError("this text is bad")
        return True


async def make_run(root: Path, journal: str = "messages", run: str = "desk") -> None:
    """Three tasks: two that end well, and ``t-bad``."""
    async with shoal.start("local", run=run, runs_root=root, journal=journal) as system:
        await system.board().open()
        await system.spawn(Notes(), name="notes")
        await system.spawn(Checker(), name="checker")
        await system.spawn(LLMAgent(Priced(lambda _: Reply("a fine answer", usage=USAGE))), name="writer")
        front = await system.spawn(Front(), name="front")
        tasks = {"t-1": "hello", "t-2": "again", "t-bad": "bad"}
        async for _ in system.run.tasks(front, tasks):
            pass
