"""The knowledge sources of the contract suite. Importable by the hosts' processes too."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

import shoal
from shoal.actors.knowledge import on_board
from shoal.blackboard import Field
from tests.contract.agents import Note, Pass

REGION = "knowledge"
OTHER = "knowledge-2"


class Hypothesis(BaseModel):
    text: str
    score: float = 0.0
    touched: int = 0


class Verdict(BaseModel):
    text: str


class Critic(shoal.Agent):
    """Betters what is not good yet, a little each time."""

    @on_board("hypothesis/", when=lambda event: event.value.score < 0.9)
    async def better(self, event: shoal.Event[Hypothesis], ctx: shoal.Context) -> None:
        assert event.value is not None
        now = event.value.model_copy(
            update={"score": event.value.score + 0.25, "touched": event.value.touched + 1}
        )
        await ctx.board.of(REGION).put(event.key, now, expected=event.entry)


class Judge(shoal.Agent):
    """Accepts what is good."""

    @on_board("hypothesis/", when=[Field("score") >= 0.9], priority=5)
    async def accept(self, event: shoal.Event[Hypothesis], ctx: shoal.Context) -> None:
        assert event.value is not None
        verdict = Verdict(text=f"{event.value.text} is good after {event.value.touched}")
        await ctx.board.of(REGION).put(f"verdict/{event.key.partition('/')[2]}", verdict)


class Witness(shoal.Agent):
    """Notes at a stage what wakes it; waits at a gate first, if it has one."""

    def __init__(self, stage: shoal.Ref, gate: str = "") -> None:
        self.stage = stage
        self.gate = gate

    async def see(self, what: str, event: shoal.Event[int], ctx: shoal.Context) -> None:
        await ctx.tell(self.stage, Note(text=f"{what} {event.kind} {event.key} {event.value}"))
        if self.gate:
            try:
                await ctx.ask(self.stage, Pass(gate=self.gate))
            except asyncio.CancelledError:
                await ctx.tell(self.stage, Note(text=f"{what} was cut off"))
                raise
        await ctx.tell(self.stage, Note(text=f"{what} is done with {event.key}"))


class Watcher(Witness):
    """Woken by numbers, in the order of what they are."""

    @on_board("number/", priority=lambda event: event.value or 0, on="put")
    async def look(self, event: shoal.Event[int], ctx: shoal.Context) -> None:
        await self.see("look", event, ctx)


class Historian(Witness):
    """Woken by each change, deletions too, in any of two regions."""

    @on_board("number/", on="any", every=True)
    @on_board("number/", on="any", every=True, region=OTHER)
    async def write(self, event: shoal.Event[int], ctx: shoal.Context) -> None:
        await self.see("write", event, ctx)


class Stumbler(Witness):
    """Fails on what is under bad/ as often as is said there."""

    def __init__(self, stage: shoal.Ref) -> None:
        super().__init__(stage)
        self.failed: dict[str, int] = {}

    @on_board("bad/", attempts=3, backoff_s=0.02)
    async def stumble(self, event: shoal.Event[int], ctx: shoal.Context) -> None:
        failed = self.failed[event.key] = self.failed.get(event.key, 0) + 1
        if failed <= (event.value or 0):
            raise ValueError(f"stumbled {failed}")
        await self.see("stumble", event, ctx)


class Echoer(shoal.Agent):
    """Wakes itself without end."""

    @on_board("echo/")
    async def echo(self, event: shoal.Event[int], ctx: shoal.Context) -> None:
        await ctx.board.of(REGION).put(event.key, (event.value or 0) + 1)


class Modest(shoal.Agent):
    """Would wake itself without end, but for ``own=False``."""

    @on_board("echo/", own=False)
    async def echo(self, event: shoal.Event[int], ctx: shoal.Context) -> None:
        await ctx.board.of(REGION).put(event.key, (event.value or 0) + 1)


@on_board("number/")
async def doubler(event: shoal.Event[int], ctx: shoal.Context) -> None:
    """A source that is a function."""
    await ctx.board.of(REGION).put(f"double/{event.key}", 2 * (event.value or 0))


class Errand(BaseModel):
    key: str


class Messenger(shoal.Agent):
    """Writes for a task."""

    async def on_errand(self, errand: Errand, ctx: shoal.Context) -> None:
        await ctx.board.of(REGION).put(errand.key, 1)


class Worker(shoal.Agent):
    """Does items of the board."""

    async def on_count(self, count: int, ctx: shoal.Context) -> None:
        for _ in range(count):
            async with ctx.board.of(REGION).claim(int, prefix="job/") as item:
                item.result = item.value + 1
